/// The type of one element of a tensor as the graph sees it.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case f32
    /// Two's complement 32-bit integer; class labels and seeds.
    case i32
}

/// One extent of a shape: a number, or a size that is bound when an executable is made, such as the batch `N` or `floor((H + 1) / 2)`.
public enum Dimension: Hashable, Sendable, CustomStringConvertible, ExpressibleByIntegerLiteral {
    case fixed(Int)
    /// A size that is no number yet.
    case size(SizeExpression)

    public init(integerLiteral value: Int) { self = .fixed(value) }

    /// The extent as an expression gives it.
    public init(_ expression: SizeExpression) { self = expression.value.map(Dimension.fixed) ?? .size(expression) }

    /// A symbol of which nothing is known.
    public static func symbol(_ name: String) -> Dimension { .size(SizeExpression(SizeSymbol(name))) }

    /// The extent if it is a number.
    public var value: Int? { if case .fixed(let value) = self { value } else { nil } }

    /// The name of the symbol, where it is one alone.
    public var symbol: String? { if case .size(let expression) = self { expression.symbol?.name } else { nil } }

    /// The extent of so many times as many positions.
    public func multiplied(by factor: Int) -> Dimension { Dimension(expression * SizeExpression(factor)) }

    /// The largest multiple of a positive integer that is no larger.
    public func roundedDown(toMultipleOf number: Int) -> Dimension {
        Dimension(expression - expression.remainder(dividingBy: number))
    }

    public var expression: SizeExpression {
        switch self {
        case .fixed(let value): SizeExpression(value)
        case .size(let expression): expression
        }
    }

    public var description: String {
        switch self {
        case .fixed(let value): "\(value)"
        case .size(let expression): "\(expression)"
        }
    }
}

/// The extents of a tensor, outermost first; images are `[N, C, H, W]`.
public struct Shape: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
    public var dimensions: [Dimension]

    public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }
    public init(_ extents: [Int]) { dimensions = extents.map(Dimension.fixed) }
    public init(arrayLiteral elements: Dimension...) { dimensions = elements }

    public var rank: Int { dimensions.count }
    public subscript(axis: Int) -> Dimension {
        get { dimensions[axis] }
        set { dimensions[axis] = newValue }
    }

    /// Every extent as a number, or nil while a symbol is unbound.
    public var extents: [Int]? {
        let values = dimensions.compactMap(\.value)
        return values.count == rank ? values : nil
    }

    /// The number of elements, or nil while a symbol is unbound.
    public var elementCount: Int? { extents?.reduce(1, *) }

    /// The product of all extents.
    public var elementTally: SizeExpression { dimensions.reduce(SizeExpression(1)) { $0 * $1.expression } }

    /// The shape with every symbol replaced by its value in `bindings`.
    public func bound(_ bindings: [String: Int]) -> Shape {
        Shape(
            dimensions.map { dimension in
                if case .size(let expression) = dimension { Dimension(expression.bound(bindings)) } else { dimension }
            })
    }

    public var description: String { "[" + dimensions.map(\.description).joined(separator: ", ") + "]" }
}

/// The element type and shape of a value.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
    public var element: ElementType
    public var shape: Shape

    public init(_ element: ElementType, _ shape: Shape) {
        self.element = element
        self.shape = shape
    }

    public static func f32(_ dimensions: Dimension...) -> TensorType { TensorType(.f32, Shape(dimensions)) }

    public var rank: Int { shape.rank }
    public var description: String { element.rawValue + shape.description }
}
