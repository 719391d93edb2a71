/** How a standalone program is written: what `ceconform explain` prints, and what the worker's expressions stand on. */

import * as tf from '@tensorflow/tfjs';

/** The function that `model.compile({loss: name})` trains with: the losses of tf.layers have no other public name. */
export function lossFunction(name) {
  const input = tf.input({ shape: [1] });
  const model = tf.model({ inputs: input, outputs: tf.layers.activation({ activation: 'linear' }).apply(input) });
  model.compile({ optimizer: 'sgd', loss: name });
  return model.lossFunctions[0];
}

export const dialect = {
  language: 'javascript',
  imports: `import * as tf from '@tensorflow/tfjs';\n\n${lossFunction}`,
  array: "tf.tensor({values}, {shape}, '{dtype}')",
  gradient: 'const gradient = tf.grad(({x}) => {expression})({x});',
  cotangent: 'const gradient = tf.grad(({x}) => tf.mul(cotangent, {expression}))({x});',
  show: 'console.log(JSON.stringify({name}.arraySync(), (_, v) => (Number.isFinite(v) || v?.map ? v : String(v))));',
};
