import Graph

/// What the nodes of a model may take together while it is imported: a few bytes of a file stand for much, and a file has room for many nodes.
struct ImportAllowance {
    /// Bytes of weights that are kept in another order than the model's; what goes beyond is put in order when the network runs.
    private var copies = 1 << 26
    /// Bytes of constants: a number may be said to be repeated, and integers become floats. Those that the model holds are besides.
    private var constants = 1 << 25
    /// Elements and terms (`ReferenceEvaluator.work`) of what is computed of constants, which takes a few seconds; the kernels compute what
    /// goes beyond.
    private var work = ConstantFolding.largestWork
    /// What takes no more is always computed: shapes are made of it.
    private static let smallWork = 1 << 10
    /// What one node may take of it, the better part of a second.
    private static let largestWork = 1 << 23

    /// Notes what a file holds, which may become several times as much: bytes as floats, weights in the order of several readers.
    mutating func add(held bytes: Int) {
        copies += 2 * bytes
        constants += 4 * bytes
    }

    mutating func mayCopy(_ bytes: Int) -> Bool {
        copies -= bytes
        return copies >= 0
    }

    mutating func mayCompute(_ amount: Int) -> Bool {
        guard amount <= max(Self.smallWork, min(work, Self.largestWork)) else { return false }
        work -= amount
        return true
    }

    /// Notes a constant of a shape that is to be made.
    mutating func makeConstant(_ element: StoredElement, _ shape: [Int]) throws(ImportFault) {
        guard shape.count <= TensorReader.mostAxes else { throw .unsupported("a constant of \(shape.count) axes") }
        guard shape.allSatisfy({ $0 >= 0 }), let bytes = element.byteCount(shape: shape), bytes <= constants else {
            throw .unsupported(
                "a constant of the shape \(shape), with which constants take more than 32 MiB and four times what the file holds")
        }
        constants -= bytes
    }
}
