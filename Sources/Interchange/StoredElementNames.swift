import Graph

extension StoredElement {
    /// The name in a safetensors header.
    public var safetensorsName: String { rawValue.uppercased() }

    /// The `descr` of a NumPy array, or nil where NumPy has no such type (bfloat16).
    public var numpyName: String? {
        switch self {
        case .bf16: nil
        case .bool: "|b1"
        case .i8, .u8: "|" + rawValue.prefix(1) + "1"
        default: "<" + rawValue.prefix(1) + "\(size)"
        }
    }
}
