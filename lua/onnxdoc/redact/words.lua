--- The words of our own messages, all others of a message being the model's; a set. Made by `make test-update`.

local words = {}
for word in ([[
  Add Affine As Attention Average CODE C_in C_in/group C_out C_out/group Caffe Cast Clip Colours Contents Core Cost
  Crop DENSE DIR D_in Div Dk Dq Dqk Dv ELF Elu Exit Expand Expr FIFO FILE FLOAT FLOATS FLOPs Function GGML GGUF GIF
  GPU GRAPH GRAPHS Gather Git Graph Grayscale Guard HOST HTML Hash Hkv Host Hq INT INTS IR Identity If In Irfft JPEG
  JSON KV K_inside Keras LEAF LFS LINEAR Length Lite Lua MACs MAX ML MODEL Model Models Mul NONE NOTSET NUL N_in N_out
  Nhwc Nkv No Node Nodes Nq ONNX OPTIONS One Open PATH PDF PNG Parquet Part Pattern Python RAR RBF RGB Relu Reshape
  Run Runtime's SCRIPT SEPARATE SPARSE STRING STRINGS Scatter Several Show Sigmoid Simplified Size Skv Softmax
  Softplus Softsign Sq Squeeze TENSOR TENSORS Tanh Tensor The Tile Totals Transpose Unsqueeze Usage Use VALID VERB
  Value Varlen What Words Write XHTML XML a about above accuracy_level across_channels activation activation_type
  activations add added additions address after again align alive all allowed allowzero alpha already also always an
  and annotation another answer antialias any anybody approximate archive are argument arguments around array arrow as
  asked asks at attention attribute attribute's attributes auto auto_pad axes axis batch batch_axis batch_dims batches
  be before behind belongs below beside best beta between bias bicubic bidirectional big bilinear binary bits block
  blocks blocksize body bool border both bound bounds boxes branches broadcast buffer buffers built built-in but by
  byte bytes cache cached called caller calls can cannot capture captured captures card carried cast_to cats_strings
  causal ceil ceil_mode cells change changes channels channels_last characters check circle classes classlabels_ints
  classlabels_strings clean clip closed closing code codes coefficient coefficients column columns come comes compare
  compared comparisons compiled complex concatenate condition configuration confined constant constants contents
  convert converted convolutions coordinates copied copy coroutine cost costs could count counted counts
  cross-attention cubic cur_tokens cut cycle damaged data database decide declared decoded decoder deep deeper def
  default defined defines definition delta denotation depends depth depths description destination device device's
  dft_length did differ different dilation dilations dim dimension dimensions dims direction directions directory
  divide divided division dk do do_rotary doc_string document does domain done double down download downloaded dtype
  dtypes dv each earlier edge element element's elements elementwise ellipses ellipsis else else_branch elsewhere
  empty encoder end ended ends engine enough entries entry equation equation's erf error errors even every everything
  exclude exclusive execution exist exit exp expand expected expert_weight_bits explains exponent export exported
  external extra extra_shape failed false field file file's files fill filled find finished finite first fit fixed
  float floor fmod folder follow followed follows for form format formula formulas forward found frame frame_length
  frame_step from front full func func's function function's functions fuse_outputs fused gated gated_delta gates
  gather_axis gave generated get gets give given got graph graph's graphs grid grid's group groups grow grows guard
  has hash hashes have head heads height height_scale help here hidden hidden_size hides high hold holds host how html
  id identity if image imaginary import imported in index indexed indices inf inferred infinity info initial_c
  initial_h initializer initializers inner input input's input_as_shape input_forget inputdimensions inputs inside
  instead instructions intercepts into ints invalid inverse ir_version is is_causal is_test it item items its itself
  json keep keep_aspect_ratio_policy keepdims keeping keeps kernel_shape kernel_type key key/value keys kind kinds
  known kv kv_cache_bit_width kv_cache_layout kv_num_heads label labels lacks large larger largest last later layer
  layers layout leads least left left_window_size length lengths less lfs library like limit line linear
  linear_before_reset lines link list listed lists little lives loaded local_window_size location log long longer
  looking looks loop loops low lower lua made makes malformed many map map_form mask masks match matrix max max_map
  max_ngram_size maxsplit may mean mean_depths memory mention message messages metadata metadata_props metatable
  million min missing mix mobile mod mode model model's model_type model_version models more most move much mul
  multiple multiples multiply multiply-accumulates must n_head_per_ngram n_mat n_mels n_supports n_sv n_targets
  n_window name named names nan nbytes ndim nearest need needs negative neither nest nested nests never new_axis next
  ngram_indexes nil no nobody node node's nodes nodes_falseleafs nodes_falsenodeids nodes_modes nodes_nodeids
  nodes_treeids nodes_trueleafs nodes_truenodeids none noop_with_empty_axes nor norm normalized not not_larger
  not_smaller notes nothing now nowhere num_groups num_heads num_mel_bins num_scan_inputs number numbered numbers
  object of offset offset_group offsets often omitted on once one ones onesided only onnxdoc op opaque open opened
  operations operator operator's operators opset opset_import option option's optional options or order other others
  otherwise out outer output output_datatype output_dtype output_height output_padding output_shape output_type
  output_width outputs outside over overflow overload own packed padded padding paddings pads page parameters parents
  parse part parts pass past past_present_share_buffer path paths pattern payload's peepholes perm permutation ph
  pickle pipe pixel_format place places pointer points pooled_shape position positive possible post_transform
  precision predicate predicted present prob_a product products program programs prompt protected protobuf protoc pw
  q_num_heads qkv_hidden_sizes quantised quantization queries query quote random rank ranks raw raw_data read reading
  reads real recorded recurrent redirect redirected reduce reduction reference reflect regions regular relative relu
  remain replace replaced replacement report reports repository reshaped rest result results resume return returns
  reverse right right_window_size role room root rot_dim rotary_embedding_dim rounds rows rule run runs runtime
  safetensors same sample sample_size sampling sampling_ratio save say says scalar scale scales scan_input_axes
  scan_output_axes scanned schedule schema_text schema_text_size scikit-learn scores screen script scripts search
  second seconds seems select_last_index selected selections self-attention seq sequence sequence's sequence_lens
  sequences server set setmetatable several shape shapes share shell shipped short show shown shows shrinks signal
  signal_ndim silu size size's sizes slice sliced sliding_window_cache so socket softcap some something sorted source
  space sparse sparse_tensor sparse_value spatial special split sqrt squeezed stand standard stands start starts
  stash_type state state_update_capacity state_window states static_kv statistics step steps still stopwords storage
  stored stretch strides string string_data string_vocabulary strings structure subgraphs such sum sums superfluous
  support swiglu swish symbol symbol's symbolic symbols syntax table tables tag take taken takes tanh tar targets tell
  tells tensor tensor's tensors term terminal terms test text texts than that the their them then then_branch there
  these theta theta's they this those three threshold tied time_axis to tokens told tolerance too took training
  tree_roots trees trusted try turn turns twice two type type's types under unfinished unidirectional unknown unpack
  unzip up update_rule updates upper usage use use_past used uses v_head_size value value_float value_floats value_int
  value_ints value_string value_strings values values_floats values_strings values_tensor varint vectors
  vectors_per_class verb version views visible vocab_size vocabulary want wanted wants was web weight weights were
  what whatever when where whether which while whole whose widen width width_scale window window's wire with within
  without word words worst would wrap write writing written wrong wrote xf yes yet you zero zip × …
]]):gmatch "%S+" do words[word] = true end
return words
