--- The words of our own messages, all others of a message being the model's; a set. Made by `make test-update`.

local words = {}
for word in ([[
  Activation Activations Add Affine Alive All Any As Assumed Attention Average Better Breakdown Bytes CODE C_in
  C_in/group C_out C_out/group Cache Caffe Card Cast Clip Colours Complexity Concat Configurations Contents Core Cost
  Counted Crop DENSE DIR D_in Data Debian Derived Device Dimensions Distribution Div Dk Domain Dq Dqk Dropout Dv
  Dynamic ELF Elu Execution Executive Exit Expand Expr Ext External FIFO FILE FLOAT FLOATS FLOPs File Flatten For
  Formula Found Function GGML GGUF GIF GPU GRAPH GRAPHS GRU Gather Gemm Generated Git Graph Grayscale Guard HOST HTML
  Hash Head Held Hkv Host How Hq INT INTS IR Identity If In Inputs Irfft JPEG JSON KV K_inside Keeping Keras Key LEAF
  LFS LINEAR LSTM Layers Length Lite Lua MACs MAX ML MODEL Max Memory Metrics Min Model Models More Mul NONE NOTSET
  NUL N_in N_out Name Nhwc Nkv No Node Nodes None Nq Numbers ONNX OPTIONS Obtained Of One Open Operator Overview PATH
  PDF PNG Parameter Parameters Parquet Part Pattern Peak Problems Python Query RAR RBF RGB RNN Reading Relu Repeated
  Reshape Run Runtime's SCRIPT SEPARATE SPARSE STRING STRINGS Sans Scatter Several Shape Shapes Shares Show Sigmoid
  Simplified Size Skv Slice Softmax Softplus Softsign Some Sq Squeeze Sub Sum Summary TENSOR TENSORS Tanh Tensor
  Tensors The Their These Tile Totals Transcendentals Transpose Type Unknown Unsqueeze Usage Use Used VALID VERB Value
  Varlen Version Weights Were What Whether Words Write XHTML XML a about above accuracy_level across_channels
  activation activation_type activations add added additions address adds after again align alike alive all allowed
  allowzero along alpha already also always an and annotation another answer antialias any anybody apart approximate
  archive are argument arguments arithmetic around array arrow as asked asks at attends attention attention's
  attribute attribute's attributes auto auto_pad away axes axis batch batch_axis batch_dims batches be become before
  behind belongs below beside best beta between bias bicubic bidirectional big bilinear binary bits block blocks
  blocksize body bool border both bound bounds box boxes branches broadcast broadcasting buffer buffers built built-in
  but by byte bytes cache cached called caller calls can cannot capture captured captures card carried cast_to
  cats_strings causal ceil ceil_mode cells change changed changes channel channels channels_last characters check
  chooses circle class classes classlabels_ints classlabels_strings clean clip closed closing code codes coefficient
  coefficients column columns come comes compare compared compares comparisons compiled complex compute computes
  concatenate condition configuration confined constant constants contents convert converted convolutions convolves
  coordinate coordinates copied copy coroutine cost costs could count counted counts cross-attention cubic cur_tokens
  cut cycle damaged data database decide declared decoded decoder deep deeper def default defined defines definition
  delta denotation depends depth depths description destination device device's dft_length did differ different
  dilation dilations dim dimension dimensions dims direction directions directory disk divide divided division dk do
  do_rotary doc_string document does domain done double down download downloaded drawn drops dtype dtypes dv each
  earlier edge element element's elements elementwise ellipses ellipsis else else_branch elsewhere empty encoder end
  ended ends engine enough entries entry equation equation's erf error errors estimate even every everything exclude
  exclusive execution exist exit exp expand expected expert_weight_bits explains exponent export exported external
  extra extra_shape fact facts failed false far feature features field file file's files fill filled find finds
  finished finite first fit fixed flag float floor fmod folder follow followed follows fonts for form format formula
  formulas forward found frame frame_length frame_step from front full func func's function function's functions
  fuse_outputs fused gaps gated gated_delta gates gather_axis gave generated generation get gets give given gives got
  graph graph's graphs greatest grid grid's group groups grow grows guard hands has hash hashes have head heads height
  height_scale held help here hidden hidden_size hides high hold holds host how html id identity ids if image
  imaginary import imported in index indexed indices inf inferred infinity info initial_c initial_h initializer
  initializers inner input input's input_as_shape input_forget inputdimensions inputs inside installed instead
  instructions intercepts into ints invalid inverse inverted ir_version is is_causal is_test it item items its itself
  json keep keep_aspect_ratio_policy keepdims keeping keeps kept kernel_shape kernel_type key key/value keys kind
  kinds known knows kv kv_cache_bit_width kv_cache_layout kv_num_heads label labels lacks large larger largest last
  later layer layers layout leads learning least leaves left left_window_size length lengths less level lfs library
  like limit line linear linear_before_reset lines link list listed lists little lives loaded local_window_size
  location log long longer looked looking looks loop loops low lower lua made main make makes malformed many map
  map_form mask masks match matrix max max_map max_ngram_size maxsplit may mean mean_depths memory mention message
  messages metadata metadata_props metatable million min missing mix mobile mod mode model model's model_type
  model_version models module more most move moved much mul multiple multiples multiply multiply-accumulates must
  n_head_per_ngram n_mat n_mels n_supports n_sv n_targets n_window name named names nan nbytes ndim near nearest need
  needs negative neither nest nested nests never new_axis next ngram_indexes nil no nobody node node's nodes
  nodes_falseleafs nodes_falsenodeids nodes_modes nodes_nodeids nodes_treeids nodes_trueleafs nodes_truenodeids none
  noop_with_empty_axes nor norm normalised normalized not not_larger not_smaller notes nothing now nowhere num_groups
  num_heads num_mel_bins num_scan_inputs number numbered numbers object of offset offset_group offsets often omitted
  on once one ones onesided only onnxdoc op opaque open opened operation operations operator operator's operators
  opset opset_import opsets option option's optional options or order other others otherwise out outer output
  output_datatype output_dtype output_height output_padding output_shape output_type output_width outputs outside over
  overflow overload own packed padded padding paddings pads page parameters parents parse part parts pass pass-through
  passed past past_present_share_buffer path paths pattern payload's peak peepholes per perm permutation ph pickle
  picks picture pipe pixel_format pixels place places pointer points pooled_shape position positive possible
  post_transform precision predicate predicted present prob_a probabilities product products program programs prompt
  protected protobuf protoc pw q_num_heads qkv_hidden_sizes quantised quantization queries query quote random rank
  ranks rate raw raw_data read reading reads real recorded recurrent redirect redirected reduce reduction reference
  reflect regions regular relative relu remain repeat replace replaced replacement report reports repository reshaped
  rest result results resume return returns reused reverse right right_window_size role room root rot_dim
  rotary_embedding_dim rounds row rows rule run runs runtime safetensors same sample sample_size sampling
  sampling_ratio save say says scalar scale scaled scales scan_input_axes scan_output_axes scanned schedule schema
  schema_text schema_text_size scikit-learn scores screen script scripts search second seconds section see seems
  segment select_last_index selected selections selects self-attention seq sequence sequence's sequence_lens sequences
  server set setmetatable setting several shape shapes share shares shell shipped short show shown shows shrinks side
  sigmoid signal signal_ndim silu since size size's sizes slice sliced sliding_window_cache so socket softcap some
  something sorted source space sparse sparse_tensor sparse_value spatial special split sqrt squeezed stand standard
  stands start starts stash_type state state_update_capacity state_window states static_kv statistics step step's
  steps still stopwords storage stored stores stretch strides string string_data string_vocabulary strings structure
  style subgraphs such sum sums superfluous support swiglu swish symbol symbol's symbolic symbols syntax table tables
  tag take taken takes tanh tar targets tell tells template tensor tensor's tensors term terminal terms test text
  texts than that the their them then then_branch there these theta theta's they this those three threshold through
  tied time_axis to token tokens told tolerance too took total totals trainable training transcendentals tree_roots
  trees trip trusted try turn turns twice two type type's types under unfinished unidirectional unknown unpack unzip
  up update_rule updates upper usage use use_past used uses v_head_size value value_float value_floats value_int
  value_ints value_string value_strings values values_floats values_strings values_tensor varint vectors
  vectors_per_class verb version very views visible vocab_size vocabulary want wanted wants was way web weighed weighs
  weight weights were what whatever when where whether which whichever while whole whose why widen width width_scale
  window window's wire wired with within without word words worst would wrap write writes writing written wrong wrote
  xf yes yet you zero zeros zip · × — … ≤ ≥
]]):gmatch "%S+" do words[word] = true end
return words
