/// What is done to pixels in 0...1 before the network sees them: `(x - mean) / deviation`, one value a channel, or one for all.
public struct PixelScale: Hashable, Sendable {
    public var mean: [Double]
    public var deviation: [Double]

    public init(mean: [Double], deviation: [Double]) {
        self.mean = mean
        self.deviation = deviation
    }
}
