import Foundation
import Graph

/// What a tensor's values are like.
public struct TensorStatistics: Equatable, Sendable {
    /// Of the values that are finite; nil where there is none.
    public private(set) var minimum: Double?
    public private(set) var maximum: Double?
    public private(set) var mean: Double?
    /// The standard deviation over all finite values, not of a sample.
    public var deviation: Double? { finiteCount == 0 ? nil : sqrt(squares / Double(finiteCount)) }
    /// How many values are infinite or no numbers.
    public private(set) var notFinite = 0

    private var finiteCount = 0
    /// The sum of the squares of the differences from the mean.
    private var squares = 0.0

    /// Goes through a tensor of a file, with no more than a piece of it in memory where it is stored as 32 bits or less.
    public init(of name: String, in file: WeightsFile) throws(InterchangeError) {
        try file.readDoubles(name) { self.add($0) }
    }

    /// Adds a piece: its mean and squares by themselves, then those of both together (Chan, Golub & LeVeque 1979), so that large means lose no
    /// digits.
    private mutating func add(_ values: UnsafeBufferPointer<Double>) {
        var (sum, count) = (0.0, 0)
        for value in values where value.isFinite {
            sum += value
            count += 1
            minimum = min(minimum ?? value, value)
            maximum = max(maximum ?? value, value)
        }
        notFinite += values.count - count
        if count == 0 { return }
        let own = sum / Double(count)
        var ownSquares = 0.0
        for value in values where value.isFinite { ownSquares += (value - own) * (value - own) }
        let (before, all) = (mean ?? own, finiteCount + count)
        let distance = own - before
        mean = before + distance * Double(count) / Double(all)
        squares += ownSquares + distance * distance * Double(finiteCount) * Double(count) / Double(all)
        finiteCount = all
    }
}

extension WeightsFile {
    /// Gives the values of a tensor as f64, in order, piece after piece; see `readFloats`. Integers of 64 bits are rounded where they are large.
    public func readDoubles(_ name: String, _ body: (UnsafeBufferPointer<Double>) -> Void) throws(InterchangeError) {
        guard let entry = self[name] else { return try readFloats(name) { _ in } }
        switch entry.element {
        case .f64, .i64, .u64, .i32, .u32: try tensor(name).doubles.withUnsafeBufferPointer(body)
        default: try readFloats(name) { floats in floats.map(Double.init).withUnsafeBufferPointer(body) }
        }
    }
}
