/// Names a file of a `SourceMap`; meaningful only together with the map that gave it.
public struct FileID: Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The file of things that no source text made.
    public static let none = FileID(rawValue: .max)
}

/// A half-open range of UTF-8 bytes in one source file: 12 bytes, resolved to lines and columns by a `SourceMap`.
public struct Span: Hashable, Sendable {
    public let file: FileID
    /// The offset of the first byte.
    public let lower: UInt32
    /// The offset after the last byte, at least `lower`.
    public let upper: UInt32

    public init(file: FileID, lower: UInt32, upper: UInt32) {
        precondition(lower <= upper, "a span ends before it begins")
        self.file = file
        self.lower = lower
        self.upper = upper
    }

    public init(file: FileID, _ range: Range<Int>) {
        self.init(file: file, lower: UInt32(clamping: range.lowerBound), upper: UInt32(clamping: range.upperBound))
    }

    /// The place of things that no source text made.
    public static let none = Span(file: .none, lower: 0, upper: 0)

    public var isNone: Bool { file == .none }

    /// The UTF-8 offsets that the span covers.
    public var range: Range<Int> { Int(lower)..<Int(upper) }

    /// Returns the smallest span over both; `self` where the other is none or lies in another file.
    public func joined(to other: Span) -> Span {
        if isNone { return other }
        guard other.file == file else { return self }
        return Span(file: file, lower: Swift.min(lower, other.lower), upper: Swift.max(upper, other.upper))
    }

    /// The empty span just after this one.
    public var end: Span { Span(file: file, lower: upper, upper: upper) }

    /// The empty span just before this one.
    public var start: Span { Span(file: file, lower: lower, upper: lower) }
}
