/// The values of a tensor that the program itself gives, in row-major order: a blur's kernel, positions.
///
/// A class, so that passes copy nodes without copying values; two are equal that have the same bits.
public final class ConstantTensor: Hashable, Sendable {
    /// Tensors of programs have no more elements, so that texts and comparisons stay small: a 4 MiB tensor.
    public static let maximumCount = 1 << 20

    public let values: [Float]
    /// Of all values, so that comparing different ones takes no time.
    private let digest: Int

    /// - Parameter values: NaNs lose their payload, which no text would keep.
    public init(_ values: [Float]) {
        self.values = values.contains(where: \.isNaN) ? values.map { $0.isNaN ? .nan : $0 } : values
        var hasher = Hasher()
        for value in self.values { hasher.combine(value.bitPattern) }
        digest = hasher.finalize()
    }

    public static func == (a: ConstantTensor, b: ConstantTensor) -> Bool {
        if a === b { return true }
        return a.digest == b.digest && a.values.count == b.values.count
            && zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern }
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// `tensor [0.25, 0.5, 0.25]`, digit for digit what it is.
    var text: String { "tensor [" + values.map { TextScanner.text(ofNumber: Double($0)) }.joined(separator: ", ") + "]" }
}
