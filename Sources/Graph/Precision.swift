/// What the numbers of a network are rounded to between its layers and in the products of its contractions; sums are f32 in any case.
public enum Precision: String, CaseIterable, Hashable, Sendable, Codable {
    /// IEEE 754 binary32 throughout.
    case f32
    /// Values between layers are stored as bfloat16, and so are the factors of products: half the traffic, and twice the products where a
    /// processor has instructions for pairs of them. An element keeps 8 bits, a relative error of up to 2^-8 each time that it is rounded.
    case bf16

    /// For people.
    public var summary: String {
        switch self {
        case .f32: "What kernels store and multiply is IEEE 754 binary32."
        case .bf16: "Values between layers, and the factors of convolutions and linear layers, are rounded to bfloat16; sums are f32."
        }
    }

    /// The names of all, for messages.
    public static var known: String { allCases.map(\.rawValue).joined(separator: " or ") }
}
