/**
 * The worker of TensorFlow.js: it answers calls on the CPU, in float32.
 *
 * `node worker.mjs`; the protocol stands in ceconform/harness/PROTOCOL.md.
 */

import { createInterface } from 'node:readline';

console.log = console.error; // standard output belongs to the protocol
console.warn = () => {}; // TensorFlow.js greets with an advertisement
const tf = await import('@tensorflow/tfjs');
const { dialect, lossFunction } = await import('./dialect.mjs');
const { routes, Unsupported } = await import('./routes.mjs');

const NUMBERS = { inf: Infinity, '-inf': -Infinity, nan: NaN };
const number = (value) => (typeof value === 'string' ? NUMBERS[value] : value);
const text = (value) => (Number.isFinite(value) ? value : Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf');
const brief = (error) => `${error.name}: ${error.message}`.replace(/\s+/g, ' ').slice(0, 300);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Fresh tensors, by the names that an expression uses. */
function tensors(call, dtypes) {
  const make = ({ shape, values }, dtype) => tf.tensor(values.map(number), shape, dtype);
  const bound = { [call.x]: make(call.predictions, 'float32') };
  if (call.labels) bound.labels = make(call.labels, dtypes.labels);
  if (call.cotangent) bound.cotangent = make(call.cotangent, 'float32');
  for (const [name, value] of Object.entries(call.parameters)) {
    if (value?.values) bound[name] = make(value, 'float32');
  }
  return bound;
}

/** One array as an answer, or what the library threw instead. */
function answer(compute) {
  try {
    return tf.tidy(() => {
      const array = compute();
      const values = Array.from(array.dataSync(), text);
      return { values, shape: array.shape, dtype: array.dtype, device: 'cpu' };
    });
  } catch (error) {
    // A name that the expression uses and the library has not is the worker's fault, not an answer.
    if (error instanceof ReferenceError || / is not a function$/.test(error.message)) throw error;
    return { raised: brief(error) };
  }
}

/** Value and gradient by one route. */
function observe(call, { via, expression, dtypes }) {
  const started = performance.now();
  try {
    const names = Object.keys(tensors(call, dtypes));
    const loss = new Function('tf', 'lossFunction', ...names, `return ${expression};`);
    const run = (bound) => loss(tf, lossFunction, ...names.map((name) => bound[name]));
    const value = answer(() => run(tensors(call, dtypes)));
    const differentiated = () => {
      const bound = tensors(call, dtypes);
      const by = call.gradient_by === 'predictions' ? call.x : call.gradient_by;
      const masked = (losses) => (bound.cotangent ? tf.mul(bound.cotangent, losses) : losses);
      return tf.grad((x) => masked(run({ ...bound, [by]: x })))(bound[by]);
    };
    const gradient = value.raised ? null : answer(differentiated);
    return { status: 'answered', via, expression, value, gradient, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    return { status: 'error', via, expression, reason: `in the worker: ${brief(error)}` };
  }
}

/** All that there is to say to a call. */
function* answers({ call, skip }) {
  let ways;
  try {
    ways = [...routes(call)];
  } catch (error) {
    const status = error instanceof Unsupported ? 'unsupported' : 'error';
    yield { observation: { status, reason: status === 'error' ? brief(error) : error.message } };
    return;
  }
  for (const way of ways.slice(skip)) {
    yield { asking: { via: way.via, expression: way.expression } };
    yield { observation: observe(call, way) };
  }
}

await tf.setBackend('cpu');
say({
  hello: {
    name: 'tfjs',
    distribution: '@tensorflow/tfjs',
    version: tf.version.tfjs,
    devices: ['cpu'],
    dtypes: ['float32'],
    switches: {
      backend: tf.getBackend(),
      node: process.versions.node,
      flushes_subnormals: tf.exp(tf.scalar(-100)).dataSync()[0] === 0,
    },
    conventions: ['tfjs', 'tfjs[layers]'],
    dialect,
  },
});
for await (const line of createInterface({ input: process.stdin })) {
  const { id, call, skip } = JSON.parse(line);
  for (const message of answers({ call, skip })) say({ id, ...message });
  say({ id, done: true });
}
