/// What a network's author says of precision, by the paths of labels: a clause holds for the step or block of its label, and for all
/// beneath it.
public struct PrecisionClauses: Hashable, Sendable {
    /// By paths such as `layer4.conv1`; the empty one is that of the whole network.
    public private(set) var byPath: [String: Precision]
    /// The different lengths of the paths in bytes, the longest first.
    private var lengths: [Int]

    public init(_ byPath: [String: Precision] = [:]) {
        self.byPath = byPath
        lengths = Set(byPath.keys.map(\.utf8.count)).sorted(by: >)
    }

    public var isEmpty: Bool { byPath.isEmpty }

    /// Adds a clause, in the place of another of the same path.
    public mutating func set(_ precision: Precision, of path: String) {
        byPath[path] = precision
        let length = path.utf8.count
        let place = lengths.firstIndex { $0 <= length } ?? lengths.endIndex
        if place == lengths.endIndex || lengths[place] != length { lengths.insert(length, at: place) }
    }

    public mutating func remove(_ path: String) {
        byPath[path] = nil
        self = PrecisionClauses(byPath)
    }

    /// The most specific clause that holds for a label: of all paths that are the label, or blocks around it, the longest.
    ///
    /// - Parameter label: that of a node; nil where it has none, so that only what is said of the whole network holds.
    public func clause(for label: String?) -> (path: String, precision: Precision)? {
        let bytes = (label ?? "").utf8
        for length in lengths where length <= bytes.count {
            let end = bytes.index(bytes.startIndex, offsetBy: length)
            guard length == 0 || end == bytes.endIndex || bytes[end] == UInt8(ascii: "."), let path = String(bytes[..<end]) else {
                continue
            }
            if let precision = byPath[path] { return (path, precision) }
        }
        return nil
    }

    /// The clauses in the order of their paths, as texts print them.
    public var sorted: [(path: String, precision: Precision)] {
        byPath.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
