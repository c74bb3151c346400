import Graph

/// Constant tensors as the language writes them: nested lists, and loops where all rows are alike.
enum TensorSource {
    static func text(_ tensor: ConstantTensor, _ shape: Shape) -> String {
        let extents = shape.dimensions.map { $0.value ?? 1 }
        return text(tensor.values[...], extents[...])
    }

    private static func text(_ values: ArraySlice<Float>, _ extents: ArraySlice<Int>) -> String {
        guard let count = extents.first, count > 0 else { return values.first.map(number) ?? "0" }
        let size = values.count / count
        let rows = (0..<count).map { values[(values.startIndex + $0 * size)..<(values.startIndex + ($0 + 1) * size)] }
        // The same row again and again.
        if count > 2, let first = rows.first, rows.allSatisfy({ row in zip(row, first).allSatisfy { $0.bitPattern == $1.bitPattern } }) {
            return "[for _ in 0..<\(count) { \(text(first, extents.dropFirst())) }]"
        }
        if extents.count == 1 { return "[" + values.map(number).joined(separator: ", ") + "]" }
        return "[" + rows.map { text($0, extents.dropFirst()) }.joined(separator: ", ") + "]"
    }

    /// The shortest text that is this number of f32.
    private static func number(_ value: Float) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return Term.text(ofNumber: Double(value)) }
        let short = "\(value)"
        guard let double = Double(short), Float(double) == value else { return Term.text(ofNumber: Double(value)) }
        return Term.text(ofNumber: double)
    }

    /// More values, those of all tensors of a text counted, take the language too many steps to read.
    static let mostValues = 100_000
    /// More values stand in a file, where there can be one.
    static let mostValuesBesideFiles = 1024

    /// What the language goes through to read a tensor of numbers: its values, and the lists that they are in.
    static func steps(_ shape: Shape) -> Int {
        var (steps, lists) = (0, 1)
        for extent in shape.extents ?? [] {
            lists = .clampedProduct(lists, extent)
            steps = .clampedSum(steps, lists)
        }
        return steps
    }

    /// Why a tensor does not stand in the text, and what would help; nil where it can.
    static func problem(_ tensor: ConstantTensor, _ shape: Shape, isShort: Bool) -> (text: String, repair: String)? {
        if tensor.values.contains(where: { !$0.isFinite }) { return ("it holds a value that is not finite", "take finite values") }
        if shape.rank == 0 { return ("it has no axis", "take a number in its place") }
        guard !isShort else { return nil }
        return (
            "it has \(tensor.values.count) values, and all tensors of a source have \(mostValues) at most",
            "let the source read them from an array file, `tensor(\"values.npy\")`, as `braid import` does"
        )
    }
}
