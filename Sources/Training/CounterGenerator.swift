/// A random sequence that depends only on a seed and a few counters, never on what was drawn elsewhere.
///
/// The state starts as a hash of (seed, counters) and steps as SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014). Only integer arithmetic and exactly rounded floating-point operations are
/// used, so that the same counters give the same bits on every machine.
public struct CounterGenerator: RandomNumberGenerator, Sendable {
    /// What a sequence is for; sequences for different purposes are unrelated.
    public enum Purpose: UInt64, Sendable {
        case trainingDigits = 1
        case heldOutDigits = 2
        case permutation = 3
        case shift = 4
        case flip = 5
        case initialization = 6
        /// The numbers that one training step draws, such as dropout's.
        case step = 7
        /// Inputs made up to measure with.
        case inputs = 8
        case crop = 9
        /// Elements that are compared with a reference.
        case samples = 10
        /// Which pictures are held out.
        case split = 20
    }

    private var state: UInt64

    /// Starts the sequence of these counters, for example (epoch, sample).
    public init(seed: UInt64, _ purpose: Purpose, _ first: Int, _ second: Int = 0) {
        state = Self.mix(seed &+ Self.increment)
        for counter in [purpose.rawValue, UInt64(bitPattern: Int64(first)), UInt64(bitPattern: Int64(second))] {
            state = Self.mix(state ^ (counter &+ 1) &* Self.increment)
        }
    }

    public mutating func next() -> UInt64 {
        state &+= Self.increment
        return Self.mix(state)
    }

    /// A number from 0 up to but without 1, of 24 random bits.
    public mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// A number of `range`.
    public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    /// An integer from 0 up to but without `bound`: the upper half of a 64 x 64-bit product, whose bias is below bound / 2^64.
    public mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    private static let increment: UInt64 = 0x9e37_79b9_7f4a_7c15

    private static func mix(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
        return bits ^ bits >> 31
    }
}
