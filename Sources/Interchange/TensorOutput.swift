import Graph

/// A tensor to be written, whose bytes are made when it is its turn.
public struct TensorOutput: Sendable {
    public let name: String
    public let element: StoredElement
    /// The extents, outermost first.
    public let shape: [Int]
    private let make: @Sendable () throws(InterchangeError) -> [UInt8]

    /// - Parameter make: gives the bytes, row-major and little-endian; the same ones whenever it is called.
    public init(name: String, element: StoredElement, shape: [Int], _ make: @escaping @Sendable () throws(InterchangeError) -> [UInt8]) {
        precondition(element.byteCount(shape: shape) != nil, "\(element) \(shape) has more bytes than there can be")
        (self.name, self.element, self.shape, self.make) = (name, element, shape, make)
    }

    init(_ tensor: HostTensor) {
        self.init(name: tensor.name, element: tensor.element, shape: tensor.shape) { tensor.bytes }
    }

    /// How many bytes it has.
    public var byteCount: Int { element.byteCount(shape: shape) ?? 0 }

    /// Makes the bytes.
    func bytes() throws(InterchangeError) -> [UInt8] {
        let bytes = try make()
        precondition(bytes.count == byteCount, "\(bytes.count) bytes do not make \(element) \(shape)")
        return bytes
    }
}
