import Graph

extension StoredElement {
    /// The name in a safetensors header.
    public var safetensorsName: String { rawValue.uppercased() }

    /// The `descr` of a NumPy array, or nil where NumPy has no such type (bfloat16, numbers of 8 bits).
    public var numpyName: String? {
        switch self {
        case .bf16, .f8e4m3, .f8e5m2, .f8e8m0: nil
        case .bool: "|b1"
        case .i8, .u8: "|" + rawValue.prefix(1) + "1"
        default: "<" + rawValue.prefix(1) + "\(size)"
        }
    }
}
