// Measures what memory a run takes in ONNX Runtime (npm package onnxruntime-node), beside the peak of activations that
// peak.lua counts:
//
//     NODE_PATH=FOLDER/node_modules node tests/models/measure_memory.js FOLDER            a list of models, below
//     NODE_PATH=FOLDER/node_modules node tests/models/measure_memory.js MODEL.onnx [DIMENSION=8 ...]
//
// Linux only. Each number is the median of three processes of one thread each, for graphs as they are and as the runtime
// optimises them:
//   exact   no arena, and each block a mapping of its own that is given back when it is freed: the high-water mark of
//           the second run above what was resident before it, so that pages of code, weights and what is made on first
//           use do not count
//   arena   memory that stays after the first run of a session with an arena, as it is by default; anonymous pages only.
//           Weights are kept out of it, lest it has room left from loading them
// Inputs are resident before; their bytes are added. What is predicted: peak.lua's bytes, with inputs held (the caller
// does), and with memory reused besides. Each measure has its bytes, and its ratio to the first two.
"use strict";
const fs = require("fs");
const path = require("path");
const { execFileSync } = require("child_process");

const command = "build/onnxdoc";
const runs = 3;
const measures = [
  { name: "exact, as it is", arena: false, level: "disabled" },
  { name: "exact, optimised", arena: false, level: "all" },
  { name: "arena, as it is", arena: true, level: "disabled" },
  { name: "arena, optimised", arena: true, level: "all" },
];

// Made by tests/models/make.lua into build/models/memory, or found in the folder of models or in build/models/npm.
const models = [
  { make: ["resnet50"], dims: ["batch=1"] },
  { make: ["resnet50"], dims: ["batch=8"] },
  { make: ["unet"], dims: ["batch=1", "height=256", "width=256"] },
  { make: ["gpt2"], dims: ["batch=1", "sequence=256", "past_sequence=0", "past_sequence + sequence=256"] },
  { make: ["gpt2"], dims: ["batch=1", "sequence=1", "past_sequence=1023", "past_sequence + sequence=1024"] },
  { make: ["llama"], dims: ["batch=1", "sequence=64", "past_sequence=0", "past_sequence + sequence=64"] },
  { make: ["whisper", "part=encoder"], dims: ["batch=1"] },
  { make: ["whisper", "part=decoder"], dims: ["batch=1", "sequence=64"] },
  { make: ["bert_squad"], dims: ["unk__492=4", "unk__493=4", "unk__494=4", "unk__495=4"] },
  { make: ["qdq", "network=conv"], dims: ["batch=1"] },
  { file: "light_resnet50", dims: [] },
  { file: "light_shufflenet", dims: [] },
  { file: "SqueezeNet_fp16", dims: [] },
  { file: "yolox_nano_416x416", dims: [] },
  { file: "mosaic", dims: ["None=1"] },
  { file: "super_resolution_10-model", dims: ["batch_size=1"] },
  { file: "super_resolution_10-model", dims: ["batch_size=3"] },
  { file: "FastestDet", dims: [] },
  { file: "yunet_n_dynamic", dims: ["batch=1", "height=640", "width=640"] },
  { file: "test_data-model", dims: ["batch=1"] },
  { file: "interpolator_bicubic_256x256",
    dims: ["batch_size=3", "channel=48", "height=128", "width=160", "keypoints=20000"] },
  { file: "tinybert", dims: ["batch=32", "sequence=100"] },
  { file: "ch_PP-OCRv4_det_infer",
    dims: ["p2o.DynamicDimension.0=1", "p2o.DynamicDimension.1=640", "p2o.DynamicDimension.2=640"] },
];

const elements = (dims) => dims.reduce((product, size) => product * size, 1);

// ---- one process ----

// What an input's elements are made of: the array, and the element at i. Indices are small, float16 is its bits.
const kinds = {
  float32: [Float32Array, (i) => i % 7], float64: [Float64Array, (i) => i % 7], float16: [Uint16Array, () => 0x3c00],
  int64: [BigInt64Array, (i) => BigInt(i % 2)], int32: [Int32Array, (i) => i % 2], int8: [Int8Array, (i) => i % 2],
  uint8: [Uint8Array, (i) => i % 2], bool: [Uint8Array, () => 1],
};

function makeInput(Tensor, { name, type, shape }, sizes) {
  const dims = shape.map((dim, axis) => {
    const size = typeof dim === "number" && dim >= 0 ? dim : (sizes[dim] ?? sizes[`${name}:${axis}`]);
    if (size === undefined) throw new Error(`there is no size for axis ${axis} of ${name}, ${dim}`);
    return size;
  });
  const [Kind, element] = kinds[type];
  const data = Kind.from({ length: elements(dims) }, (_, i) => element(/mask/.test(name) ? 1 : i));
  return new Tensor(type, data, dims);
}

function status(field) { // bytes of a line of /proc/self/status
  const text = fs.readFileSync("/proc/self/status", "utf8");
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)[1]);
}

// Lets finalizers of tensors run, that give their memory back.
async function settle() {
  for (let i = 0; i < 4; i++) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// The smallest output. The package copies what is asked for, which would count once more; the others are made as well.
function cheapest(results) {
  const names = Object.keys(results);
  return names.sort((a, b) => elements(results[a].dims) - elements(results[b].dims)).slice(0, 1);
}

async function measureOnce(model, level, arena, sizes) {
  const { InferenceSession, Tensor } = require("onnxruntime-node");
  const session = await InferenceSession.create(model, { logSeverityLevel: 3, intraOpNumThreads: 1, interOpNumThreads: 1,
    executionMode: "sequential", graphOptimizationLevel: level, enableCpuMemArena: arena, enableMemPattern: arena,
    extra: { session: { use_device_allocator_for_initializers: "1" } } });
  const feeds = Object.fromEntries(session.inputMetadata.map((input) => [input.name, makeInput(Tensor, input, sizes)]));
  const inputs = Object.values(feeds).reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
  await settle();
  const created = status("RssAnon");
  const fetches = cheapest(await session.run(feeds));
  await settle();
  if (arena) return status("RssAnon") - created + inputs;
  fs.writeFileSync("/proc/self/clear_refs", "5");
  const before = status("VmRSS");
  await session.run(feeds, fetches);
  return status("VmHWM") - before + inputs;
}

// ---- all of them ----

function measure(model, { level, arena }, dims) {
  // Each block of 64 KiB or more is mapped for itself, and gone when it is freed.
  const own = { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_MMAP_MAX_: "1000000", MALLOC_TRIM_THRESHOLD_: "0" };
  const options = { env: { ...process.env, ...own }, stdio: ["ignore", "pipe", "pipe"] };
  const words = ["--expose-gc", __filename, "--once", model, level, String(arena), ...dims];
  const results = [];
  for (let i = 0; i < runs; i++) {
    const output = execFileSync(process.execPath, words, options);
    results.push(Number(output));
  }
  results.sort((a, b) => a - b);
  return { bytes: results[runs >> 1], spread: results[runs - 1] - results[0] };
}

function predict(model, dims, ...options) {
  const output = execFileSync(command, [path.join(__dirname, "peak.lua"), model, ...options, ...dims], { encoding: "utf8" });
  return Number(output.split("\t")[0]);
}

function find(folder, { make, file }) {
  if (file) return [`${folder}/${file}.onnx`, `build/models/npm/${file}.onnx`].find((name) => fs.existsSync(name));
  const model = `build/models/memory/${make.join(".").replace(/=/g, "_")}.onnx`;
  fs.mkdirSync(path.dirname(model), { recursive: true });
  const size = make[0] === "bert_squad" ? [] : ["size=full"];
  const words = [path.join(__dirname, "make.lua"), make[0], model, "weights=zeros", ...size, ...make.slice(1)];
  if (!fs.existsSync(model)) execFileSync(command, words, { stdio: "inherit" });
  return model;
}

const mega = (bytes) => (bytes / 1e6).toFixed(2).padStart(9);

function report(model, dims) {
  const predicted = predict(model, dims);
  const held = predict(model, dims, "held");
  const lines = [`${path.basename(model)} ${dims.join(" ")}`,
    `  predicted         ${mega(predicted)} MB, held ${mega(held)} MB, reuse ${mega(predict(model, dims, "reused"))} MB`];
  for (const one of measures) {
    try {
      const { bytes, spread } = measure(model, one, dims);
      const ratios = `${(bytes / predicted).toFixed(3)}, held ${(bytes / held).toFixed(3)}`;
      lines.push(`  ${one.name.padEnd(17)} ${mega(bytes)} MB, ${ratios}; runs differ by ${mega(spread).trim()} MB`);
    } catch (error) {
      lines.push(`  ${one.name}: ${String(error.stderr || error.message).trim().split("\n").slice(-1)}`);
      process.exitCode = 1;
    }
  }
  console.log(lines.join("\n"));
}

function sizesOf(words) {
  return Object.fromEntries(words.map((word) => [word.replace(/=\d+$/, ""), Number(/=(\d+)$/.exec(word)[1])]));
}

const words = process.argv.slice(2);
if (words[0] === "--once") {
  measureOnce(words[1], words[2], words[3] === "true", sizesOf(words.slice(4))).then(console.log, (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
} else if (words[0] && words[0].endsWith(".onnx")) {
  report(words[0], words.slice(1));
} else if (words[0]) {
  for (const entry of models) {
    const model = find(words[0], entry);
    if (model) report(model, entry.dims);
    else console.log(`${entry.file} is not here`);
  }
} else {
  console.error("usage: measure_memory.js FOLDER | MODEL.onnx [DIMENSION=8 ...]");
  process.exitCode = 2;
}
