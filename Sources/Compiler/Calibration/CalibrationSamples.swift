import Foundation
import Graph
import Interchange
import Runtime
import Training

/// What a network is calibrated on: values of all of its inputs, sample by sample.
public struct CalibrationSamples: Sendable {
    /// One an input of the network; where the batch is an input's first extent, with as many rows as there are samples.
    public let inputs: [NetworkInput]
    public let count: Int
    /// What they are, for people.
    public let source: String

    /// Takes what files gave for the inputs.
    ///
    /// Throws where they have different numbers of images.
    public init(_ inputs: [NetworkInput], source: String) throws(CompilerError) {
        let counts = inputs.compactMap(\.batch)
        if let other = counts.first(where: { $0 != counts[0] }) {
            throw CompilerError("the inputs have \(counts[0]) and \(other) images", help: "give as many for each input")
        }
        (self.inputs, self.source) = (inputs, source)
        count = counts.first ?? 1
    }

    /// Takes the first pictures of a data set.
    ///
    /// Throws where the network takes no pictures, or others, or the data set has none.
    public init(
        _ dataset: Dataset, first count: Int, for network: Network, normalization: PixelNormalization
    ) throws(CompilerError) {
        let declared = network.graph.nodes.filter { $0.inputName != nil }
        guard declared.count == 1, let input = declared.first, let name = input.inputName, input.type.rank == 4,
            input.type.element == .f32, let batch = network.batchSymbol, input.type.shape[0].symbol == batch
        else {
            throw CompilerError(
                "'\(network.name)' does not take pictures, which \(dataset.name) has", help: "calibrate with arrays: --calibrate NAME=x.npy"
            )
        }
        let pictures = dataset.prefix(count)
        guard pictures.count > 0 else { throw CompilerError("\(dataset.name) has no pictures", help: "calibrate with others") }
        // As an evaluation makes its batches.
        let loader = Loader(
            BatchMaker(pictures, normalization: normalization, options: .evaluation(batchSize: pictures.count)), epochs: 1)
        guard let batch = loader.next() else { preconditionFailure("a data set with pictures gives a batch") }
        let extents = input.type.shape.dimensions.dropFirst().compactMap(\.value)
        let values = HostTensor(name: name, shape: [pictures.count] + extents, floats: Array(batch.images))
        inputs = [NetworkInput(name, values: values, batch: pictures.count)]
        self.count = pictures.count
        source = "the first \(pictures.count) pictures of \(dataset.name)"
    }

    /// Tells samples apart by all of their values.
    var digest: String {
        var text = ""
        for input in inputs {
            text += "\(input.name) \(input.values.shape) \(input.batch ?? 0) "
            text += input.floats.withUnsafeBytes { SHA256.hexadecimal($0) } + "\n"
        }
        return SHA256.hexadecimal(Data(text.utf8))
    }

    /// The values of a sample, as an input without its batch or with a batch of 1 has them.
    func values(_ input: NetworkInput, of sample: Int) -> ArraySlice<Float> {
        guard input.batch != nil else { return input.floats[...] }
        let size = input.floats.count / count
        return input.floats[sample * size..<(sample + 1) * size]
    }

    /// Gives an executable the samples from one on, as many as its batch has, the last again and again where there are no more.
    func set(on executable: Executable, from first: Int, batch: Int) {
        for input in inputs {
            var values: [Float] = []
            if input.batch == nil {
                values = input.floats
            } else {
                for place in first..<first + batch { values += self.values(input, of: min(place, count - 1)) }
            }
            unfailing { () throws(RuntimeError) in
                switch input.values.element {
                case .i32: try executable.setInput(input.name, to: values.map { Int32($0) })
                default: try executable.setInput(input.name, to: values)
                }
            }
        }
    }
}

extension NetworkInput {
    /// The values as numbers of either element.
    fileprivate var floats: [Float] {
        switch values.element {
        case .i32: (values.integers ?? []).map { Float($0) }
        default: values.floats
        }
    }
}
