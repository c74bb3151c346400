import TestSupport

/// Uses of what slides over images, volumes and signals, with strides, dilations, windows and paddings from small ones to the largest that
/// there are: what kernels write out, and where they look beyond an image, goes by these.
enum RandomWindow {
    private static let small = [1, 1, 1, 2, 2, 3]
    private static let large = [1, 4, 5, 7, 13, 31, 32, 63, 100, 300, 1000, 4097, 65_535, 1_048_576]

    /// An expression that begins with `x |>`.
    ///
    /// - Parameters:
    ///   - x: the name of an image.
    ///   - label: of the step that has weights.
    static func make(on x: String, label: String, _ random: inout SplitMix) -> String {
        let rank = random.choose([2, 2, 2, 2, 1, 3])
        /// A large one in so many of 100 cases.
        func number(_ chance: Int) -> Int { random.choose(Int.random(in: 0..<100, using: &random) < chance ? large : small) }
        func list(_ value: () -> Int) -> String { "(\((0..<rank).map { _ in "\(value())" }.joined(separator: ", ")),)" }
        let stride = list { number(25) }
        let dilation = list { number(25) }
        let padded = list { number(10) - 1 }
        let channels = 4 * number(0)
        let images = "\(x) |> reshape((\(x).channels, \(["-1", "\(x).height, \(x).width", "1, \(x).height, \(x).width"][rank - 1])))"
        let conv = "\(label): conv(\(channels), \(list { number(15) }), pad: \"same\""
        let step =
            switch Int.random(in: 0..<8, using: &random) {
            case 0: "\(conv), dilation: \(dilation))"
            case 1: "\(conv), dilation: \(dilation), stride: \(stride))"
            case 2: "\(conv), stride: \(stride))"
            case 3: "\(label): conv(\(x).channels, 3, pad: \"same\", dilation: \(dilation), stride: \(stride), groups: \(x).channels)"
            case 4: "\(label): conv(\(channels), 1, stride: \(stride), pad: \(padded))"
            case 5: "\(label): conv_transpose(\(channels), \(list { number(15) }), stride: \(stride), dilation: \(dilation))"
            case 6: "pad(\(padded)) |> max_pool(\(list { number(10) }), stride: \(stride))"
            default: "avg_pool(\(list { number(5) }), stride: \(stride), ceil: true)"
            }
        return "\(images) |> \(step)"
    }
}
