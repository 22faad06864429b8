--- The words of our own messages, all others of a message being the model's; a set. Made by `make test-update`.

local words = {}
for word in ([[
  Add Affine Attention Average C_in C_in/group C_out C_out/group Caffe Cast Clip Concat Core Cost Crop DENSE D_in
  Debian Div Dk Dq Dqk Dropout Dv ELF Elu Expand Expr FIFO FILE FLOAT FLOATS FLOPs Flatten Function GGML GGUF GIF GPU
  GRAPH GRAPHS GRU Gather Gemm Git Graph Grayscale Guard HTML Hash Hkv Hq INT INTS IR Identity If Irfft JPEG JSON
  K_inside Keras LEAF LFS LINEAR LSTM Lite Lua MACs MAX ML Max Min Model Mul NONE NOTSET NUL N_in N_out Nhwc Nkv Node
  Nodes Nq ONNX Open PDF PNG Parquet Part Pattern Python RAR RBF RGB RNN Relu Reshape Runtime's SEPARATE SPARSE STRING
  STRINGS Sans Scatter Shape Sigmoid Simplified Size Skv Slice Softmax Softplus Softsign Sq Squeeze Sub Sum TENSOR
  TENSORS Tanh Tensor Tile Transpose Unsqueeze Use VALID Value Varlen XHTML XML a above accuracy_level across_channels
  activation activation_type activations add added additions address adds after again alive all allowed allowzero
  along alpha already an and another antialias apart applicable approximate archive are arguments around array arrow
  as asked asks at attends attention attribute attributes auto_pad away axes axis batch batch_axis batch_dims batches
  be become before behind belongs below beside best beta between bias bicubic bidirectional big bilinear binary bits
  block blocks blocksize body bool border both bound bounds box boxes branches broadcast buffer buffers built but by
  byte bytes cache called caller calls came can cannot capture captured captures card carried cast_to cats_strings
  causal ceil_mode cells change changes channel channels channels_last characters check chooses circle class classes
  classlabels_ints classlabels_strings clip closed closing code coefficient coefficients column columns come comes
  compared compares comparisons compiled complex computes concatenate condition constant constants contents convert
  converted convolutions convolves coordinate coordinates copied copy coroutine cost costs could count counted counts
  cross-attention cubic cur_tokens cut cycle damaged data database declared decoded decoder deep deeper def defined
  defines definition delta depends depth depths description destination device device's dft_length differ different
  dilation dilations dim dimension dimensions dims direction directions directory divide divided division dk do
  do_rotary document does domain double down download downloaded drawn drops dtype dv each earlier edge element
  elements elementwise ellipses ellipsis else else_branch elsewhere empty encoder end ended ends engine enough entries
  entry equation equation's erf error even every exclude exclusive execution exist exit exp expand expected
  expert_weight_bits exponent export exported external extra extra_shape failed false far feature features field file
  files fill filled find finds finished finite first fit fixed flag float fmod followed fonts for form format formula
  formulas forward found frame frame_length frame_step from front function functions fuse_outputs fused gated
  gated_delta gates gather_axis gave generated generation get gets give given gives got graph graphs greatest grid
  grid's group groups grow grows guard hands has hash hashes have head heads height height_scale here hidden
  hidden_size hides hold holds host how html id identity ids if image imaginary import imported in index indexed
  indices inferred infinity info initial_c initial_h initializer initializers inner input input's input_as_shape
  input_forget inputdimensions inputs inside installed instead instructions intercepts into ints invalid inverse
  inverted is is_causal is_test it item items its itself job keep keep_aspect_ratio_policy keepdims keeping keeps kept
  kernel_shape kernel_type key key/value keys killed kind kinds known knows kv kv_cache_bit_width kv_cache_layout
  kv_num_heads label labels lacks large larger largest last later layer layers layout leads learning least leaves left
  left_window_size length lengths less lfs library like limit line linear linear_before_reset lines link list lists
  little lives local_window_size location log long longer looked looking looks loop loops lower made makes malformed
  many map map_form mask masks match matrix max max_map max_ngram_size maxsplit may mean mean_depths memory mention
  message messages metatable million min missing mix mobile mode model model's model_type models module more most move
  much mul multiple multiples multiply multiply-accumulates must n_head_per_ngram n_mat n_mels n_supports n_sv
  n_targets n_window name named names nan nbytes ndim near nearest need needs negative neither nest nested nests
  new_axis next ngram_indexes nil no nobody node node's nodes nodes_falseleafs nodes_falsenodeids nodes_modes
  nodes_nodeids nodes_treeids nodes_trueleafs nodes_truenodeids none noop_with_empty_axes nor norm normalised
  normalized not not_larger not_smaller nothing now nowhere num_groups num_heads num_mel_bins num_scan_inputs number
  numbered numbers object of offset offset_group offsets often on once one ones onesided only onnxdoc open opened
  operations operator operator's operators opset opset_import option options or order other otherwise out outer output
  output_datatype output_dtype output_height output_padding output_shape output_type output_width outputs outside over
  overflow own packed padded padding paddings pads page parameters parents part parts pass pass-through passed past
  past_present_share_buffer path paths pattern payload's peepholes perm permutation ph pickle picks picture pipe
  pixel_format pixels place places pointer points poll pooled_shape position positive possible post_transform
  predicate predicted present prob_a probabilities product products program programs protected protobuf protoc pw
  q_num_heads qkv_hidden_sizes quantised queries query quote rank ranks rate raw raw_data read reading reads real
  recorded recurrent redirect redirected reduce reduction reflect regions regular relative relu remain replace
  replaced replacement repository reshaped rest result results resume reverse right right_window_size room root
  rot_dim rotary_embedding_dim rounds rows rule run runs runtime safetensors same sample sample_size sampling
  sampling_ratio save say says scalar scale scaled scales scan_input_axes scan_output_axes scanned schedule
  schema_text schema_text_size scikit-learn scores search second seems segment select_last_index selected selections
  selects self-attention sequence sequence's sequence_lens sequences server set setmetatable setting shape shapes
  share shell shipped short shown shrinks side sigmoid signal signal_ndim silu size size's sizes slice sliced
  sliding_window_cache so socket softcap some something sorted source space sparse sparse_value spatial special split
  sqrt squeezed stand standard stands start starts stash_type state state_update_capacity state_window states
  static_kv statistics step step's steps stopwords stored stretch strides string string_data string_vocabulary strings
  structural structure style subgraphs such sum sums superfluous support swiglu swish symbol symbol's symbolic symbols
  syntax table tables tag take taken takes tanh tar targets tells tensor tensors term terminal terms test text than
  that the their them then_branch there these theta theta's they this those three through tied time_axis to token
  tokens told tolerance too took total training tree_roots trees trip turn turns twice two type types unfinished
  unidirectional unknown unpack unzip up update_rule updates upper use use_past used uses v_head_size value
  value_float value_floats value_int value_ints value_string value_strings values values_floats values_strings
  values_tensor varint vectors vectors_per_class version very views visible vocab_size vocabulary want wanted was web
  weighed weighs weight weights were what whatever when where whether which while whole whose widen width width_scale
  window window's wire with within without worker workers would wrap write writes writing written wrong wrote xf yet
  you zero zeros zip × …
]]):gmatch "%S+" do words[word] = true end
return words
