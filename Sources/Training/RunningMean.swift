/// The mean of a quantity over pictures, of sums that do not depend on timing.
public struct RunningMean: Equatable, Sendable {
    public private(set) var sum: Double
    public private(set) var count: Int

    public init(sum: Double = 0, count: Int = 0) {
        self.sum = sum
        self.count = count
    }

    /// Adds `count` pictures whose mean is `mean`.
    public mutating func add(_ mean: Double, count: Int = 1) {
        sum += mean * Double(count)
        self.count += count
    }

    /// 0 where nothing was added.
    public var value: Double { count > 0 ? sum / Double(count) : 0 }
}

/// The mean of a quantity over batches, each with a weight.
public struct WeightedMean: Equatable, Sendable {
    private var sum = 0.0
    private var weight = 0.0

    public init() {}

    public mutating func add(_ mean: Double, weight: Double) {
        // What counts for nothing is not asked for its value, which may be no number.
        guard weight != 0 else { return }
        sum += mean * weight
        self.weight += weight
    }

    /// 0 where nothing counts.
    public var value: Double { weight > 0 ? sum / weight : 0 }
}
