import Graph

/// In which two files of weights differ.
public struct WeightsComparison: Sendable {
    /// A tensor that both files have with the same shape.
    public struct Tensor: Equatable, Sendable {
        public var name: String
        public var shape: [Int]
        public var elements: (first: StoredElement, second: StoredElement)
        /// The largest difference of two values; infinite where one is no number, and the other is one.
        public var difference = 0.0
        /// Where it is, as an index of each axis; nil where nothing differs.
        public var position: [Int]?
        /// How many values differ.
        public var count = 0
        /// The largest finite magnitude of the first file's values.
        public var magnitude = 0.0

        public static func == (one: Tensor, other: Tensor) -> Bool {
            one.name == other.name && one.shape == other.shape && one.elements == other.elements && one.difference == other.difference
                && one.position == other.position && one.count == other.count && one.magnitude == other.magnitude
        }
    }

    /// Names that one of the files alone has.
    public private(set) var onlyFirst: [String] = []
    public private(set) var onlySecond: [String] = []
    /// Tensors of different shapes.
    public private(set) var misshaped: [(name: String, first: [Int], second: [Int])] = []
    /// All others, in the order of the first file.
    public private(set) var tensors: [Tensor] = []

    /// Reads both files, a tensor after the other.
    public init(_ first: WeightsFile, _ second: WeightsFile) throws(InterchangeError) {
        onlySecond = second.entries.map(\.name).filter { first[$0] == nil }
        for entry in first.entries {
            guard let other = second[entry.name] else {
                onlyFirst.append(entry.name)
                continue
            }
            guard other.shape == entry.shape else {
                misshaped.append((entry.name, entry.shape, other.shape))
                continue
            }
            var tensor = Tensor(name: entry.name, shape: entry.shape, elements: (entry.element, other.element))
            try tensor.compare(first, second)
            tensors.append(tensor)
        }
    }

    /// The tensor that differs most; nil where none does.
    public var largest: Tensor? {
        tensors.filter { $0.difference > 0 }.max { $0.difference < $1.difference }
    }

    /// The tensors that differ by more than a tolerance.
    public func differing(beyond tolerance: Double) -> [Tensor] { tensors.filter { $0.difference > tolerance } }

    /// Whether names, shapes or values differ by more than a tolerance.
    public func differs(beyond tolerance: Double) -> Bool {
        !(onlyFirst.isEmpty && onlySecond.isEmpty && misshaped.isEmpty) || tensors.contains { $0.difference > tolerance }
    }
}

extension WeightsComparison.Tensor {
    /// Values that are the same, and values that are no numbers in both files, do not differ.
    fileprivate mutating func compare(_ first: WeightsFile, _ second: WeightsFile) throws(InterchangeError) {
        let own = try first.tensor(name)
        // 64 bits are more than an f64 tells apart.
        if let integers = own.integers, let others = try second.tensor(name).integers {
            for (index, pair) in zip(integers, others).enumerated() {
                magnitude = max(magnitude, Double(pair.0.magnitude))
                let larger = max(pair.0, pair.1), smaller = min(pair.0, pair.1)
                note(Double(UInt64(bitPattern: larger) &- UInt64(bitPattern: smaller)), at: index)
            }
            return
        }
        let values = own.doubles
        var index = 0
        var found = self
        try second.readDoubles(name) { others in
            for other in others {
                let value = values[index]
                if value.isFinite { found.magnitude = max(found.magnitude, abs(value)) }
                if value != other, !(value.isNaN && other.isNaN) {
                    let distance = abs(value - other)
                    found.note(distance.isNaN ? .infinity : distance, at: index)
                }
                index += 1
            }
        }
        self = found
    }

    private mutating func note(_ distance: Double, at index: Int) {
        if distance == 0 { return }
        count += 1
        guard distance > difference else { return }
        difference = distance
        var (rest, place) = (index, [Int]())
        for extent in shape.reversed() {
            place.append(rest % extent)
            rest /= extent
        }
        position = place.reversed()
    }
}
