import Graph

/// A Swift type that tensors hold.
public protocol TensorElement: BitwiseCopyable, Sendable {
    static var elementType: ElementType { get }
    static var zero: Self { get }
}

extension Float: TensorElement {
    public static var elementType: ElementType { .f32 }
}

extension Int32: TensorElement {
    public static var elementType: ElementType { .i32 }
}
