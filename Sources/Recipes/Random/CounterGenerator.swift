import Foundation

/// A random sequence that depends only on a seed and a few counters, never on what was drawn elsewhere.
///
/// The state starts as a hash of (seed, counters) and steps as SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014). Only integer arithmetic and exactly rounded floating-point operations are
/// used, so that the same counters give the same bits on every machine; `normal` and what is made of it also take the system's logarithm
/// and cosine.
public struct CounterGenerator: RandomNumberGenerator, Sendable {
    /// What a sequence is for; sequences for different purposes are unrelated. Augmentations have streams of their own, in their rows:
    /// 4, 5, 9 and those from 32 on.
    public enum Purpose: UInt64, Sendable, CaseIterable {
        case trainingDigits = 1
        case heldOutDigits = 2
        case permutation = 3
        case initialization = 6
        /// The numbers that one training step draws, such as dropout's.
        case step = 7
        /// Inputs made up to measure with.
        case inputs = 8
        /// Elements that are compared with a reference.
        case samples = 10
        /// Which of several ways the pictures of a batch are mixed in.
        case mixing = 11
        /// The pictures beside another that a network compares it with.
        case partners = 12
        /// Which pictures are held out.
        case split = 20
        case trainingShapes = 21
        case heldOutShapes = 22
    }

    private var state: UInt64

    /// Starts the sequence of these counters, for example (epoch, sample).
    public init(seed: UInt64, _ purpose: Purpose, _ first: Int, _ second: Int = 0) {
        self.init(seed: seed, stream: purpose.rawValue, first, second)
    }

    /// Starts the sequence of an augmentation's stream; `repetition` counts those of the same stream before it in a list.
    public init(seed: UInt64, stream: UInt64, _ first: Int, _ second: Int, repetition: Int = 0) {
        state = Self.mix(seed &+ Self.increment)
        enter(stream)
        enter(UInt64(bitPattern: Int64(first)))
        enter(UInt64(bitPattern: Int64(second)))
        if repetition > 0 { enter(UInt64(bitPattern: Int64(repetition))) }
    }

    private mutating func enter(_ counter: UInt64) { state = Self.mix(state ^ (counter &+ 1) &* Self.increment) }

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

    /// A number from `low` up to `high`.
    public mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * Double(unit()) }

    /// True in this share of all cases: never for 0, always for 1.
    public mutating func happens(_ probability: Double) -> Bool { Double(unit()) >= 1 - probability }

    /// A number of the normal distribution with mean 0 and deviation 1 (Box and Muller).
    public mutating func normal() -> Double {
        let radius = (-2 * log(positiveUnit())).squareRoot()
        return radius * cos(2 * .pi * positiveUnit())
    }

    /// A number above 0 and up to 1, of 53 random bits.
    public mutating func positiveUnit() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

    /// An integer from 0 up to but without `bound`: the upper half of a 64 x 64-bit product, whose bias is below bound / 2^64.
    public mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Brings elements into a random order (Fisher and Yates).
    @inlinable public mutating func shuffle<Elements: MutableCollection & RandomAccessCollection>(_ elements: inout Elements)
    where Elements.Index == Int {
        guard elements.count > 1 else { return }
        let start = elements.startIndex
        for count in stride(from: elements.count, to: 1, by: -1) { elements.swapAt(start + count - 1, start + below(count)) }
    }

    private static let increment: UInt64 = 0x9e37_79b9_7f4a_7c15

    private static func mix(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
        return bits ^ bits >> 31
    }
}
