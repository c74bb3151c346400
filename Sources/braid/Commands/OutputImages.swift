import Compiler
import Foundation
import Graph
import Interchange
import Operators
import Training

/// Writes outputs of a network that are pictures, or maps of classes, as PNG files.
final class OutputImages {
    /// What an output's values are.
    enum Kind {
        /// `[N, 1 or 3, H, W]`, with what its values are normalized by.
        case picture(PixelNormalization)
        /// `[N, classes, H, W]`: a score for each class and pixel.
        case scores
        /// `[N, H, W]`: each pixel's class.
        case classes
    }

    /// The name that stands for values from the lowest to the highest, or what they are.
    struct Range {
        let low: Float
        let high: Float
    }

    private let network: Network
    private let path: String
    private let isFile: Bool
    private let range: Range?
    private let normalization: PixelNormalization?
    private var stems = DistinctNames()
    private let isInput: (String) -> Bool

    /// - Parameters:
    ///   - path: a folder, or a file that ends in .png where one picture is written.
    ///   - range: which values are black and white; nil for those of the input, whose normalization is undone, or 0 and 1.
    ///   - normalization: of the network's input, where it takes pictures.
    ///
    ///   - count: how many pictures outputs are written of; nil where that is not known yet.
    ///   - isInput: whether a file that is there is one of those pictures, which must not be replaced.
    ///
    /// Throws where no output is a picture or a map, and where nothing can be written there.
    init(
        _ path: String, _ network: Network, range: Range?, normalization: PixelNormalization?, labels: [String: [String]], count: Int?,
        isInput: @escaping (String) -> Bool
    ) throws {
        (self.path, self.network, self.range, self.normalization) = (path, network, range, normalization)
        self.isInput = isInput
        isFile = path.lowercased().hasSuffix(".png")
        if isFile { try OutputPath.requireWritable(path, besides: network.files) } else { try OutputPath.requireFolder(path) }
        let kinds = network.graph.outputs.filter { output in
            Self.kind(output, of: network, labels[output.name], normalization, range) != nil
        }
        if kinds.isEmpty {
            let found = network.graph.outputs.map { "\($0.name) \(network.graph[$0.value].type)" }.joined(separator: ", ")
            throw CompilerError(
                "'\(network.name)' gives neither pictures f32[N, 1 or 3, H, W] nor maps of classes: its outputs are \(found)",
                help: "leave out --output-image, and write arrays with --output-dir")
        }
        if isFile, kinds.count > 1 {
            throw CompilerError(
                "'\(network.name)' gives \(kinds.count) pictures for one, \(kinds.map(\.name).joined(separator: " and "))",
                help: "name a folder: --output-image results")
        }
        isOne = kinds.count == 1
        if let count { try require(count) }
    }

    /// Throws where so many pictures cannot be written.
    func require(_ count: Int) throws(CompilerError) {
        if isFile, count > 1 { throw Self.several(path) }
    }

    /// Whether one output alone is written.
    private let isOne: Bool

    /// What an output is; nil where it is no picture.
    static func kind(
        _ output: Graph.Output, of network: Network, _ labels: [String]?, _ normalization: PixelNormalization?, _ range: Range?
    ) -> Kind? {
        let node = network.graph[output.value]
        let dimensions = node.type.shape.dimensions
        guard let batch = network.batchSymbol, dimensions.first?.symbol == batch else { return nil }
        if dimensions.count == 3, labels != nil || node.operation == .argmax { return .classes }
        // One pixel is a number.
        guard dimensions.count == 4, node.type.element == .f32, let channels = dimensions[1].value, dimensions[2].value != 1,
            dimensions[3].value != 1
        else { return nil }
        if channels > 1, labels?.count == channels || channels != 3 { return .scores }
        if let range {
            let width = range.high - range.low
            return .picture(
                PixelNormalization(
                    mean: [Float](repeating: -range.low / width, count: channels),
                    deviation: [Float](repeating: 1 / width, count: channels)))
        }
        if let normalization, normalization.mean.count == channels { return .picture(normalization) }
        return .picture(
            PixelNormalization(mean: [Float](repeating: 0, count: channels), deviation: [Float](repeating: 1, count: channels)))
    }

    /// Writes what one picture's outputs show.
    ///
    /// - Parameters:
    ///   - values: of one image, without the batch's axis, by output.
    ///   - stem: what the files are called, without an ending.
    /// - Returns: the paths.
    func write(
        _ values: [(output: Graph.Output, shape: [Int], values: ArraySlice<Float>)], labels: [String: [String]], stem: String
    ) throws -> [String] {
        var paths: [String] = []
        for (output, shape, values) in values {
            guard let kind = Self.kind(output, of: network, labels[output.name], normalization, range) else { continue }
            let image: Image
            switch kind {
            case .picture(let normalization):
                let extents = ImageExtents(channels: shape[0], height: shape[1], width: shape[2])
                image = Array(values).withUnsafeBufferPointer { normalization.image($0, extents) }
            case .scores, .classes:
                guard let map = ClassMap(values, shape, classCount: labels[output.name]?.count) else {
                    throw CompilerError(
                        "the output '\(output.name)' holds numbers that are no classes", help: "leave out --output-image")
                }
                image = map.picture
            }
            paths.append(try write(image, stem: isOne ? stem : "\(stem).\(output.name)"))
        }
        return paths
    }

    private func write(_ image: Image, stem: String) throws -> String {
        // Pictures of two folders may be called alike.
        let name = stems.name(isFile ? path : stem)
        if isFile, name != path { throw Self.several(path) }
        let file = isFile ? path : FilePath.joined(path, name + ".png")
        if FileManager.default.fileExists(atPath: file), isInput(file) {
            throw InterchangeError(
                file, "this is one of the pictures that are read, which would be replaced", repair: "name another folder")
        }
        if !isFile { try OutputPath.makeFolder(FilePath.folder(of: file)) }
        try image.writePNG(to: file)
        return file
    }

    private static func several(_ path: String) -> CompilerError {
        CompilerError("\(path) is one picture, and there are several", help: "name a folder: --output-image results")
    }
}

extension ClassMap {
    /// The map of an output's values for one image: scores [classes, H, W], or classes [H, W]; nil where these are no classes.
    init?(_ values: ArraySlice<Float>, _ shape: [Int], classCount: Int?) {
        if shape.count == 3 {
            self.init(scores: values, classCount: shape[0], height: shape[1], width: shape[2])
        } else {
            self.init(numbers: values, height: shape[0], width: shape[1], classCount: classCount)
        }
    }
}
