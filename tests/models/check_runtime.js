// Runs models with the npm package onnxruntime-node, on the CPU: outputs have to be finite and of the declared shapes
// at two bindings of the symbolic dimensions; a model with a past (past_key_values.X in, present.X out) has to give for
// a sequence in two steps what it gives for it in one.
//
//     NODE_PATH=FOLDER/node_modules node tests/models/check_runtime.js MODEL.onnx...
//
// One line a model; exit status 1 when one fails. Integer inputs stay below 16, masks are all ones.
"use strict";
const { InferenceSession, Tensor } = require("onnxruntime-node");

// Both times what runtimes' attention takes: a batch of several has one new position behind a past.
const bindings = [
  { batch: 1, sequence: 3, past_sequence: 2, height: 32, width: 64 },
  { batch: 2, sequence: 1, past_sequence: 4, height: 64, width: 32 },
];
const tolerance = 1e-4;

let state = 1;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

// The sizes of a declared shape, whose dimensions are numbers, symbols and sums of symbols. A symbol that `bindings` does
// not know (unk__492) is a batch.
function sizes(shape, binding) {
  const sum = (text) => text.split("+").reduce((total, symbol) => total + (binding[symbol.trim()] ?? binding.batch), 0);
  return shape.map((dim) => (typeof dim === "number" ? dim : sum(dim)));
}

function filled(name, type, dims, binding) {
  const count = dims.reduce((product, size) => product * size, 1);
  const make = {
    float32: () => Float32Array.from({ length: count }, () => random() * 2 - 1),
    int64: () => BigInt64Array.from({ length: count }, () => BigInt(Math.floor(random() * 16))),
  }[type];
  if (!make || Number.isNaN(count)) throw new Error(`input ${name}: ${type} [${dims}] cannot be made up`);
  const data = make();
  if (/mask/.test(name)) data.fill(1n);
  // Positions count on from the past.
  if (/position/.test(name)) data.forEach((_, i) => (data[i] = BigInt(binding.past_sequence + (i % dims[1]))));
  return new Tensor(type, data, dims);
}

function makeFeeds(session, binding) {
  return Object.fromEntries(session.inputMetadata.map(({ name, type, shape }) =>
    [name, filled(name, type, sizes(shape, binding), binding)]));
}

function checkOutputs(session, results, binding) {
  for (const { name, shape } of session.outputMetadata) {
    const { type, dims, data } = results[name];
    const wanted = sizes(shape, binding);
    if (dims.join() !== wanted.join()) throw new Error(`${name} is [${dims}], declared [${wanted}]`);
    if (!data.every((x) => Number.isFinite(Number(x)))) throw new Error(`${name} is not finite`);
    if (type === "float32" && data.length > 1 && data.every((x) => x === data[0])) throw new Error(`${name} is ${data[0]} everywhere`);
  }
}

// Positions [from, to) along axis 1 of a tensor whose axis 0 is a batch of one.
function positions(tensor, from, to) {
  const width = tensor.dims.slice(2).reduce((product, size) => product * size, 1);
  return new Tensor(tensor.type, tensor.data.slice(from * width, to * width), [1, to - from, ...tensor.dims.slice(2)]);
}

// The greatest difference between one run over six positions and runs over five and one; undefined without a past.
async function stepDifference(session) {
  const pasts = session.inputNames.filter((name) => session.outputNames.includes(presentOf(name)));
  if (pasts.length === 0) return undefined;
  const whole = { ...bindings[0], batch: 1, sequence: 6, past_sequence: 0 };
  const feeds = makeFeeds(session, whole);
  const expected = await session.run(feeds);
  const step = (from, to) => Object.fromEntries(session.inputMetadata.map(({ name, shape }) => {
    if (shape.join() === "batch,sequence") return [name, positions(feeds[name], from, to)];
    if (shape.join() === "batch,past_sequence + sequence") return [name, positions(feeds[name], 0, to)];
    return [name, feeds[name]];
  }));
  const first = await session.run(step(0, 5));
  const carried = Object.fromEntries(pasts.map((name) => [name, first[presentOf(name)]]));
  const second = await session.run({ ...step(5, 6), ...carried });
  const distance = (a, b) => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
  const logits = session.outputNames[0];
  const differences = pasts.map((name) => distance(expected[presentOf(name)].data, second[presentOf(name)].data));
  return Math.max(distance(positions(expected[logits], 5, 6).data, second[logits].data), ...differences);
}

const presentOf = (name) => name.replace(/^past_key_values\./, "present.");

async function check(path) {
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  for (const binding of bindings) checkOutputs(session, await session.run(makeFeeds(session, binding)), binding);
  const difference = await stepDifference(session);
  if (difference > tolerance) throw new Error(`two steps differ from one by ${difference}`);
  const steps = difference === undefined ? "" : `, steps differ by ${difference.toExponential(1)}`;
  return `ok: ${session.outputNames.length} outputs${steps}`;
}

(async () => {
  for (const path of process.argv.slice(2)) {
    try {
      console.log(path, await check(path));
    } catch (error) {
      process.exitCode = 1;
      console.log(path, "FAILED:", error.message);
    }
  }
})();
