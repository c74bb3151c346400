/// A small seeded generator (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A number of the standard normal distribution that f32 can hold.
    public mutating func normal() -> Double {
        // The sum of twelve uniform numbers has variance 1.
        let sum = (0..<12).reduce(-6.0) { total, _ in total + Double.random(in: 0..<1, using: &self) }
        return Double(Float(sum))
    }

    /// One of `choices`.
    public mutating func choose<Choice>(_ choices: [Choice]) -> Choice { choices.randomElement(using: &self)! }
}
