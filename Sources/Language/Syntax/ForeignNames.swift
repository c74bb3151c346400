import Source

/// What layers, functions, arguments and values are called elsewhere, and what to write here: rows of a table.
enum ForeignNames {
    /// What to write for a name that Keras, PyTorch, TensorFlow or Python has.
    private static let names: [(names: [String], repair: String)] = [
        (["Sequential", "ModuleList"], "layers follow one another in a pipeline: `x |> conv1: conv(64, 3) |> relu`"),
        (
            ["nn", "torch", "tf", "keras", "F", "np", "numpy", "math", "jax", "jnp"],
            "layers and functions have no module before them: `conv`, `relu`, `exp`"
        ),
        (
            ["Conv2d", "Conv2D", "conv2d", "Convolution2D", "Conv"],
            "a convolution is `label: conv(channels, kernel)`; what goes in is inferred"
        ),
        (["Conv1d", "Conv1D", "conv1d", "Conv3d", "Conv3D", "conv3d"], "`conv` takes images [N, C, H, W]"),
        (["DepthwiseConv2D", "depthwise_conv"], "a depthwise convolution is `conv(x.channels, 3, groups: x.channels)`"),
        (["ConvTranspose2d", "Conv2DTranspose", "conv_transpose2d", "Deconvolution2D"], "it is `label: conv_transpose(channels, kernel)`"),
        (["Dense", "Linear", "dense", "FullyConnected"], "a dense layer is `label: linear(features)`; what goes in is inferred"),
        (
            ["BatchNorm2d", "BatchNorm1d", "BatchNormalization", "batch_norm", "batchnorm2d", "BatchNorm"],
            "it is `label: batchnorm`; how many channels is inferred"
        ),
        (["LayerNorm", "LayerNormalization"], "it is `label: layer_norm`"),
        (["GroupNorm", "GroupNormalization"], "it is `label: group_norm(groups)`"),
        (["InstanceNorm2d", "InstanceNormalization", "InstanceNorm"], "it is `instance_norm`"),
        (["LocalResponseNorm", "lrn", "LRN"], "it is `local_response_norm(size)`"),
        (["MaxPool2d", "MaxPooling2D", "max_pool2d", "MaxPool", "maxpool"], "it is `max_pool(kernel)`"),
        (["AvgPool2d", "AveragePooling2D", "avg_pool2d", "AvgPool", "avgpool"], "it is `avg_pool(kernel)`"),
        (["AdaptiveAvgPool2d", "adaptive_avg_pool2d"], "it is `adaptive_avg_pool(size)`, or `global_avg_pool` for a size of 1"),
        (["GlobalAveragePooling2D", "GlobalAvgPool2D", "GAP"], "it is `global_avg_pool`, with `flatten` behind it for rows"),
        (["GlobalMaxPooling2D", "GlobalMaxPool2D"], "it is `global_max_pool`, with `flatten` behind it for rows"),
        (["ReLU", "Relu", "relu_"], "it is `relu`"), (["ReLU6"], "it is `relu6`"), (["LeakyReLU"], "it is `leaky_relu(slope)`"),
        (["PReLU"], "it is `label: prelu`"), (["GELU", "Gelu"], "it is `gelu`"), (["SiLU", "Swish"], "it is `silu`"),
        (["ELU"], "it is `elu`"),
        (["SELU"], "it is `selu`"), (["Mish"], "it is `mish`"), (["Hardswish", "HardSwish"], "it is `hard_swish`"),
        (["Hardsigmoid", "HardSigmoid"], "it is `hard_sigmoid`"), (["Sigmoid", "logistic"], "it is `sigmoid`"), (["Tanh"], "it is `tanh`"),
        (["Softmax"], "it is `softmax`"), (["Softplus"], "it is `softplus`"),
        (["Activation"], "an activation is a step of its own: `|> relu`"),
        (["Dropout"], "it is `dropout(rate)`"), (["Dropout2d", "SpatialDropout2D"], "it is `spatial_dropout(rate)`"),
        (["Flatten"], "it is `flatten`"), (["view"], "it is `reshape`, or `flatten`"), (["Reshape"], "it is `reshape`"),
        (["Upsample", "UpSampling2D", "interpolate", "Interpolate"], "it is `resize(size)`, or `upsample(scale)` for whole factors"),
        (["PixelShuffle"], "it is `pixel_shuffle`"),
        (["cat", "Concatenate", "concatenate", "Concat"], "it is `concat(a, b)`"), (["Add", "add_"], "it is `a + b`"),
        (["Identity", "identity", "Input", "InputLayer"], "leave it out: what a pipeline begins with is its input"),
        (["CrossEntropyLoss", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"], "it is `cross_entropy(logits, label)`"),
        (["MSELoss", "mse", "MeanSquaredError"], "it is `mean_squared_error`"),
        (["L1Loss", "mae", "MeanAbsoluteError"], "it is `mean_absolute_error`"),
        (["HuberLoss", "SmoothL1Loss", "Huber"], "it is `huber_loss`"),
        (["BCEWithLogitsLoss", "BCELoss", "BinaryCrossentropy"], "it is `binary_cross_entropy`, of scores before a sigmoid"),
        (["DiceLoss"], "it is `dice_loss`, of probabilities"), (["FocalLoss"], "it is `focal_loss`, of scores before a sigmoid"),
        (["NLLLoss"], "it is `cross_entropy`, of scores before a softmax"),
        (["Parameter", "Variable", "add_weight"], "a trained tensor is declared: `parameter scale: f32[64] = 1`"),
        (["register_buffer"], "a tensor that is kept is declared: `state seen: f32[64] = 0`"),
        (["spectral_norm"], "docs/language.md writes it with `state`"),
        (["self", "super"], "blocks are functions of their parameters: `block name(x, width) { … }`"),
        (["None", "null", "nil", "nullptr"], "it is `none`"), (["True"], "it is `true`"), (["False"], "it is `false`"),
        (["len"], "it is a property: `list.count`, `x.channels`"),
        (["shape"], "extents are properties: `x.channels`, `x.height`, `x.width`"),
        (["range", "enumerate", "arange"], "ranges are written `0..<3`"), (["int"], "it is `floor`, `ceil` or `round`"),
        (["float"], "numbers need no conversion"),
        (["str", "format"], "values go into texts in braces: `\"stage {i}\"`"), (["pow"], "it is `power`"),
        (["PI", "M_PI"], "it is `pi`"),
        (
            ["array", "asarray", "from_numpy", "Tensor"],
            "it is `tensor([[1, 2], [3, 4]])`, or `tensor(\"kernel.npy\")`"
        ),
        (["valid"], "without padding it is `pad: 0`"), (["same"], "it is a text: `pad: \"same\"`"),
        (["raise", "throw", "require"], "it is `assert condition, \"message\"`"),
        (["println", "printf", "echo", "debug"], "it is `print`"),
    ]

    /// What arguments are called elsewhere, by what they are called here.
    private static let arguments: [(here: String, elsewhere: [String])] = [
        ("channels", ["filters", "out_channels", "num_filters", "output_channels", "out_planes"]),
        ("features", ["units", "out_features", "num_units", "output_dim"]), ("kernel", ["kernel_size", "pool_size", "ksize", "window"]),
        ("stride", ["strides", "subsample"]), ("pad", ["padding", "pads"]), ("dilation", ["dilation_rate", "dilations"]),
        ("bias", ["use_bias", "with_bias"]), ("epsilon", ["eps"]), ("slope", ["negative_slope", "alpha"]),
        ("groups", ["num_groups", "group"]),
        ("ceil", ["ceil_mode"]), ("rate", ["p", "prob", "drop_prob"]), ("axes", ["axis", "dim", "dims"]), ("axis", ["dim", "axes"]),
        ("keep", ["keepdim", "keepdims"]), ("output_pad", ["output_padding"]), ("size", ["output_size"]), ("scale", ["scale_factor"]),
        ("affine", ["elementwise_affine"]), ("smoothing", ["label_smoothing"]),
    ]

    /// Arguments that nothing here has.
    private static let needless: [(names: [String], repair: String)] = [
        (
            ["in_channels", "in_features", "input_shape", "num_features", "input_dim", "normalized_shape"],
            "leave it out: what goes in is inferred"
        ),
        (["activation"], "an activation is a step of its own: `|> relu`"),
        (["kernel_initializer", "bias_initializer"], "a training says how weights begin: `initialize conv: he_normal`"),
        (["name"], "names are labels: `|> conv1: conv(64, 3)`"),
        (["inplace", "training", "trainable", "data_format", "dtype", "device"], "leave it out"),
    ]

    private static let repairs = Dictionary(names.flatMap { row in row.names.map { ($0, row.repair) } }) { first, _ in first }
    private static let needlessRepairs = Dictionary(needless.flatMap { row in row.names.map { ($0, row.repair) } }) { first, _ in first }

    /// What to write in place of a name, nil for names that mean nothing elsewhere.
    static func repair(of name: String) -> String? { repairs[name] }

    /// What to write in place of an argument's name, where the callable has `formals`.
    static func repair(ofArgument name: String, among formals: [String]) -> String? {
        if let here = arguments.first(where: { $0.elsewhere.contains(name) && formals.contains($0.here) })?.here {
            return "write `\(here): …`"
        }
        return needlessRepairs[name]
    }

    /// All rows, for tests.
    static var all: [(names: [String], repair: String)] { names + needless }
}
