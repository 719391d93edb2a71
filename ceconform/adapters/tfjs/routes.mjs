/**
 * How TensorFlow.js is asked: for each loss, every way in which the library computes it, in its own words.
 *
 * It translates and never repairs: no clipping, no casting, no reduction of its own. What the library cannot say is
 * unsupported, with the reason.
 */

export class Unsupported extends Error {}

const PREDICTIONS = {
  binary_cross_entropy: 'probabilities',
  binary_cross_entropy_with_logits: 'logits',
  brier_loss: 'probabilities',
  categorical_cross_entropy: 'probabilities',
  categorical_cross_entropy_with_logits: 'logits',
  categorical_hinge_loss: 'logits',
  hinge_loss: 'logits',
  kl_divergence: 'probabilities',
  sparse_cross_entropy: 'probabilities',
  sparse_cross_entropy_with_logits: 'logits',
  squared_hinge_loss: 'logits',
};

const ACTIVATIONS = {
  sigmoid: (x) => `tf.sigmoid(${x})`,
  softmax: (x) => `tf.softmax(${x})`,
  log_sigmoid: (x) => `tf.logSigmoid(${x})`,
  log_softmax: (x) => `tf.logSoftmax(${x})`,
};

const REDUCTIONS = { none: 'NONE', sum: 'SUM', mean: 'SUM_BY_NONZERO_WEIGHTS', weighted_mean: 'MEAN' };

/** A call of a function: trailing arguments that are undefined are left out. */
function spell(name, ...given) {
  while (given.at(-1) === undefined) given.pop();
  return `${name}(${given.map(String).join(', ')})`;
}

/** A call as the routes read it: tensors by the names that they have in an expression, parameters by value. */
class Question {
  constructor(call) {
    this.call = call;
    this.parameters = call.parameters;
    this.rank = call.predictions.shape.length;
    const axis = call.parameters.axis === undefined ? -1 : call.parameters.axis;
    this.axis = axis === null || axis >= 0 ? axis : axis + this.rank;
    this.classes = call.predictions.shape[this.axis];
    this.reduction = call.parameters.reduction ?? 'none';
    this.weights = call.parameters.sample_weight && 'sample_weight';
    this.smoothing = call.parameters.label_smoothing;
  }

  /** Refuse any other parameter that the case states. */
  only(...known) {
    for (const name of Object.keys(this.parameters)) {
      if (!['axis', 'reduction', ...known].includes(name)) {
        throw new Unsupported(`the library's ${this.call.loss} has no parameter ${name}`);
      }
    }
  }

  /** The reduction in the library's words; a word that nobody knows is handed on, for the library to refuse. */
  reduced() {
    const name = REDUCTIONS[this.reduction];
    if (name === undefined) return JSON.stringify(this.reduction);
    if (this.reduction === 'mean' && this.parameters.sample_weight?.values.includes(0)) {
      throw new Unsupported('SUM_BY_NONZERO_WEIGHTS does not count a loss whose weight is 0, and no other mean counts');
    }
    return `tf.Reduction.${name}`;
  }

  /** The activation of a pairing on top of the predictions, classes last. */
  activated(x) {
    return this.call.activation ? ACTIVATIONS[this.call.activation](x) : x;
  }

  /** The classes on the last axis, the only one that the library takes. */
  last(x) {
    if (this.axis === this.rank - 1) return x;
    const others = [...Array(this.rank).keys()].filter((axis) => axis !== this.axis);
    return `tf.transpose(${x}, [${[...others, this.axis].join(', ')}])`;
  }

  /** Predictions with the classes last. */
  get rows() {
    return this.activated(this.last(this.call.x));
  }

  /** Predictions as they stand, for losses of elements. */
  get elements() {
    return this.activated(this.call.x);
  }

  /** Weights and reduction on top of losses: the library's own function for that, where any is asked for. */
  weighted(losses) {
    if (this.reduction === 'none' && !this.weights) return losses;
    return spell('tf.losses.computeWeightedLoss', losses, this.weights, this.reduced());
  }
}

/** A loss of tf.layers that takes the mean over the last axis: each element stands on an axis of its own. */
const column = (x) => `tf.expandDims(${x}, -1)`;

const LOSSES = {
  *binary_cross_entropy(q) {
    q.only('sample_weight');
    yield spell('tf.losses.logLoss', 'labels', q.elements, q.weights, undefined, q.reduced());
    yield q.weighted(`tf.metrics.binaryCrossentropy(${column('labels')}, ${column(q.elements)})`);
  },
  *binary_cross_entropy_with_logits(q) {
    q.only('sample_weight', 'label_smoothing');
    yield spell('tf.losses.sigmoidCrossEntropy', 'labels', q.elements, q.weights, q.smoothing, q.reduced());
  },
  *categorical_cross_entropy(q) {
    q.only('sample_weight');
    yield q.weighted(`tf.metrics.categoricalCrossentropy(${q.last('labels')}, ${q.rows})`);
  },
  *categorical_cross_entropy_with_logits(q) {
    q.only('sample_weight', 'label_smoothing');
    yield spell('tf.losses.softmaxCrossEntropy', q.last('labels'), q.rows, q.weights, q.smoothing, q.reduced());
  },
  *sparse_cross_entropy(q) {
    q.only('sample_weight');
    // It floors the labels, which TensorFlow.js does to floats alone: int32 is asked where a case states it.
    const labels = q.call.label_dtype ? 'labels' : "tf.cast(labels, 'float32')";
    yield q.weighted(`lossFunction('sparseCategoricalCrossentropy')(${labels}, ${q.rows})`);
  },
  *sparse_cross_entropy_with_logits(q) {
    q.only('sample_weight', 'label_smoothing');
    const labels = `tf.oneHot(labels, ${q.classes})`;
    yield spell('tf.losses.softmaxCrossEntropy', labels, q.rows, q.weights, q.smoothing, q.reduced());
  },
  *kl_divergence(q) {
    q.only('sample_weight');
    yield q.weighted(`lossFunction('kullbackLeiblerDivergence')(${q.last('labels')}, ${q.rows})`);
  },
  *hinge_loss(q) {
    q.only('sample_weight');
    const zeroOrOne = 'tf.div(tf.add(labels, 1), 2)';
    yield spell('tf.losses.hingeLoss', zeroOrOne, q.elements, q.weights, q.reduced());
    yield q.weighted(`lossFunction('hinge')(${column('labels')}, ${column(q.elements)})`);
  },
  *squared_hinge_loss(q) {
    q.only('sample_weight');
    yield q.weighted(`lossFunction('squaredHinge')(${column('labels')}, ${column(q.elements)})`);
  },
  *categorical_hinge_loss(q) {
    q.only('sample_weight');
    yield q.weighted(`lossFunction('categoricalHinge')(tf.oneHot(labels, ${q.classes}), ${q.rows})`);
  },
  *brier_loss(q) {
    q.only('sample_weight');
    if (q.axis !== null) throw new Unsupported('meanSquaredError takes the mean over classes, not the sum');
    yield spell('tf.losses.meanSquaredError', 'labels', q.elements, q.weights, q.reduced());
    yield q.weighted(`tf.metrics.meanSquaredError(${column('labels')}, ${column(q.elements)})`);
  },
};

/** The entry point that an expression calls: `tf.losses.logLoss`, or what stands within `computeWeightedLoss`. */
function entry(expression) {
  const named = /lossFunction\('(\w+)'\)/.exec(expression) ?? /tf\.metrics\.\w+/.exec(expression);
  return named?.[1] ? `compile({loss: '${named[1]}'})` : (named?.[0] ?? expression.split('(')[0]);
}

/** The dtype of the labels: class indices are int32, the only integers that there are. */
function labelDtype({ label_dtype: stated, labels_are: held, labels }) {
  if (!labels) return undefined;
  if (stated && !['int32', 'bool', 'float32'].includes(stated)) {
    throw new Unsupported(`the library has no ${stated}`);
  }
  if (held.startsWith('float')) return stated ?? 'float32';
  if (labels.values.some((value) => value !== (value | 0))) throw new Unsupported('the library has no int64');
  return stated ?? 'int32';
}

/** Every way in which the library computes a call's loss. */
export function* routes(call) {
  if (!(call.loss in LOSSES)) throw new Unsupported(`the library has no ${call.loss}`);
  call.x = call.activation ? 'logits' : PREDICTIONS[call.loss];
  const dtypes = { labels: labelDtype(call) };
  for (const expression of LOSSES[call.loss](new Question(call))) {
    yield { via: entry(expression), expression, dtypes };
  }
}
