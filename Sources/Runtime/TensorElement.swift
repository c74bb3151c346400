import Graph

/// A Swift type that tensors hold.
public protocol TensorElement: BitwiseCopyable, Sendable {
    static var storedElement: StoredElement { get }
    static var zero: Self { get }
}

extension Float: TensorElement {
    public static var storedElement: StoredElement { .f32 }
}

extension Int32: TensorElement {
    public static var storedElement: StoredElement { .i32 }
}
