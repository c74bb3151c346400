import Foundation
import Graph
import Interchange
import Training

/// A picture to read.
public enum PictureSource: Sendable {
    case file(String)
    /// A file's bytes that came otherwise, and what it is called in answers and errors.
    case bytes(Data, name: String)

    public var name: String {
        switch self {
        case .file(let path): path
        case .bytes(_, let name): name
        }
    }

    /// Tells the system that it will be read soon.
    public func announce() { if case .file(let path) = self { InputFile.announce(path) } }
}

/// A picture as a network's input takes it.
public struct PictureValues: Sendable {
    /// Its path, or what it is called otherwise.
    public let name: String
    /// What it decides of the network's sizes; nothing where these are numbers.
    public let sizes: InputSizes
    /// Of the input's extents and channels, not normalized yet: a quarter of the memory of what the network reads.
    fileprivate let image: Image
}

/// How pictures become the values of a network's only input: one by one, each by itself, on any thread.
///
/// The values are those that `NetworkInput` gives.
public struct PictureReading: Sendable {
    /// The input's name and type.
    public let input: String
    public let type: TensorType
    public let channels: Int
    /// Whether nothing says how pictures are normalized.
    public let isAssumed: Bool
    private let preparation: PicturePreparation
    /// What becomes of 8-bit values.
    public let normalization: PixelNormalization
    /// The results of 8-bit values, see `PixelNormalization.table`.
    private let table: [Float]

    /// - Throws: where the network has not one input, for pictures f32[N, 1 or 3, H, W].
    public init(_ network: Network, _ metadata: WeightsMetadata?) throws {
        let inputs = network.graph.nodes.filter { $0.inputName != nil }
        guard inputs.count == 1, let name = inputs[0].inputName else {
            throw CompilerError(
                "'\(network.name)' has \(inputs.count) inputs, and many pictures are run with networks that have one",
                help: "give a file for each: --input NAME=FILE", network.sources)
        }
        let type = inputs[0].type
        guard type.rank == 4, type.element == .f32, let batch = type.shape[0].symbol, batch == network.batchSymbol,
            let channels = type.shape[1].value, channels == 1 || channels == 3
        else {
            throw CompilerError(
                "the input '\(name)' of '\(network.name)' is \(type), not pictures f32[N, 1 or 3, H, W]",
                help: "give an array: \(name)=x.npy",
                network.sources)
        }
        (input, self.type, self.channels) = (name, type, channels)
        preparation = network.preparation(of: name)
        let found = try network.normalization(metadata, channels: channels, preparation)
        (normalization, isAssumed) = (found.values, found.isAssumed)
        table = found.values.table
    }

    /// Decodes and resizes a picture.
    ///
    /// Throws where it cannot be read or decoded, or is too small for the network.
    public func read(_ source: PictureSource) throws(InterchangeError) -> PictureValues {
        let image: Image
        switch source {
        case .file(let path): image = try Image(path: path, isTurned: preparation.appliesOrientation)
        case .bytes(let data, let name): image = try Image(data: data, path: name, isTurned: preparation.appliesOrientation)
        }
        let extents = PicturePreparation.Extents(height: image.height, width: image.width)
        let sizes = try InputSizes(of: extents, for: input, type, preparation, path: source.name)
        let bound = type.shape.bound(sizes.sizes)
        guard let height = bound[2].value, let width = bound[3].value else {
            preconditionFailure("the picture does not decide the size of '\(input)', \(type)")
        }
        var preparation = preparation
        if !sizes.sizes.isEmpty { preparation.crop = .init(height: height, width: width) }
        let prepared = image.prepared(preparation, channels: channels, height: height, width: width)
        return PictureValues(name: source.name, sizes: sizes, image: prepared)
    }

    /// Stores a picture as the network reads it: normalized, channel after channel (CHW).
    public func store(_ picture: PictureValues, into target: UnsafeMutableBufferPointer<Float>) {
        picture.image.store(into: target, table: table, order: normalization.order)
    }
}
