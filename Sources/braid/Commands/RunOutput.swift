import Compiler
import Foundation
import Interchange
import Training

/// What the files of outputs are called, without an ending: as the outputs are in the model or graph, in letters that any file system has, and each
/// otherwise.
struct OutputFileNames {
    /// Of the outputs that follow from a model alone, in their order.
    let constants: [String]
    private let names: [String: String]

    init(_ network: Network) {
        var distinct = DistinctNames()
        constants = network.constantOutputs.map { distinct.name(FilePath.plain($0.name)) }
        names = Dictionary(
            network.graph.outputs.map { ($0.name, distinct.name(FilePath.plain(network.outputName($0.name)))) }
        ) { first, _ in first }
    }

    /// Of an output, by its name in the graph.
    subscript(_ output: String) -> String { names[output] ?? FilePath.plain(output) }
}

/// An output of a run, of all its images.
struct RunOutput {
    /// Its values, named and typed as files hold them.
    var tensor: HostTensor
    /// The name of its file.
    var file: String
    var name: String
    var shape: [Int]
    var values: [Float]
    /// The numbers of its images among all that were given.
    var images: [Int]

    init(tensor: HostTensor, file: String, images: [Int]) {
        (self.tensor, self.file, self.images) = (tensor, file, images)
        (name, shape, values) = (tensor.name, tensor.shape, tensor.floats)
    }

    var summary: String {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return "no finite value" }
        let mean = finite.reduce(0) { $0 + Double($1) } / Double(finite.count)
        let odd = values.count - finite.count
        return String(format: "from %.5g to %.5g, mean %.5g", low, high, mean) + (odd > 0 ? ", \(odd) not finite" : "")
    }

    func path(in folder: String) -> String { FilePath.joined(folder, file + ".npy") }

    func write(to folder: String) throws -> String {
        try OutputPath.makeFolder(folder)
        let path = path(in: folder)
        try NumPy.write(tensor, to: path)
        return path
    }

    /// The most probable classes of every image.
    func best(_ count: Int, names: [String]?) -> [[ClassScore]] {
        let classes = shape[1]
        return (0..<shape[0]).map { image in
            ClassScore.best(count, of: Array(values[image * classes..<(image + 1) * classes]), names: names)
        }
    }
}
