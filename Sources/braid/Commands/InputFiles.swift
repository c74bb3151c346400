import Compiler
import Foundation
import Graph
import Interchange
import Training

/// Files for the inputs of a network, as the command line names them: `[name=]path`.
struct InputFiles {
    let network: Network
    /// What the weights remember of pictures.
    let metadata: WeightsMetadata?
    /// For warnings.
    let weights: String?
    /// The option that names them, for messages.
    let option: String

    /// Files that are run together, since they have one size.
    struct Group {
        /// The network at that size.
        var network: Network
        var sizes: [String: Int]
        /// Files by input.
        var paths: [String: [String]]
        /// The numbers of their images among all that were given.
        var images: [Int]
    }

    private var declared: [(name: String, type: TensorType)] {
        network.graph.nodes.compactMap { node in node.inputName.map { (name: $0, type: node.type) } }
    }

    /// The files that belong together, in the order in which their sizes first occur; all of them where the network's sizes are numbers.
    ///
    /// Throws where one is missing, and where its size is none for the network.
    func groups(_ texts: [String]) throws -> [Group] {
        let paths = try paths(texts)
        guard !network.sizeSymbols.isEmpty else {
            return [Group(network: network, sizes: [:], paths: paths, images: Array(0..<(paths.values.map(\.count).max() ?? 0)))]
        }
        let count = paths.values.map(\.count).max() ?? 0
        var found: [(sizes: InputSizes, images: [Int])] = []
        for image in 0..<count {
            var sizes = InputSizes()
            for (name, type) in declared {
                guard let files = paths[name], let path = files.count == 1 ? files[0] : files.dropFirst(image).first else { continue }
                let own = try self.sizes(of: path, for: name, type)
                guard let merged = sizes.merging(own) else {
                    throw CompilerError(
                        "'\(path)' is \(own), but the other inputs \(sizes)", help: "give files of one size for one image")
                }
                sizes = merged
            }
            if let known = found.firstIndex(where: { $0.sizes == sizes }) {
                found[known].images.append(image)
            } else {
                found.append((sizes, [image]))
            }
        }
        return try found.map { sizes, images in
            let own = paths.mapValues { files in files.count == 1 ? files : images.filter(files.indices.contains).map { files[$0] } }
            return Group(network: try network.sized(by: sizes), sizes: sizes.sizes, paths: own, images: images)
        }
    }

    private func sizes(of path: String, for name: String, _ type: TensorType) throws -> InputSizes {
        guard type.shape.dimensions.contains(where: { $0.symbol != network.batchSymbol && $0.value == nil }) else { return InputSizes() }
        if path.lowercased().hasSuffix(".npy") {
            let isBatched = network.batchSymbol != nil && type.shape.dimensions.first?.symbol == network.batchSymbol
            return try InputSizes(of: NumPy.read(path).shape, for: name, type, isBatched: isBatched, path: path)
        }
        return try InputSizes(ofPicture: path, for: name, type, network.preparation(of: name))
    }

    /// The arrays among the files that are given for inputs of a model, by the names of these; none for other files.
    static func arrays(_ texts: [String], of file: String) throws -> [String: HostTensor] {
        guard Network.isModel(file) else { return [:] }
        var arrays: [String: HostTensor] = [:]
        for text in texts {
            guard let (name, path) = text.splitAtEquals, path.lowercased().hasSuffix(".npy") else { continue }
            arrays[name] = try NumPy.read(path)
        }
        return arrays
    }

    /// The files of every input.
    private func paths(_ texts: [String]) throws -> [String: [String]] {
        let names = declared.map(\.name)
        var paths: [String: [String]] = [:]
        for text in texts {
            // It was read with the model.
            if let (given, _) = text.splitAtEquals, network.isConstantInput(given) { continue }
            let named = text.splitAtEquals.map { (name: network.inputName($0), path: $1) }
            if let (name, path) = named, names.contains(name) || !FileManager.default.fileExists(atPath: text) {
                guard names.contains(name) else {
                    throw CompilerError("'\(network.name)' has no input '\(name)'", help: "it has \(names.joined(separator: ", "))")
                }
                paths[name, default: []].append(path)
            } else if let name = names.first, names.count == 1 {
                paths[name, default: []].append(text)
            } else {
                throw CompilerError(
                    "which input is \(text) for?", help: "write \(option) NAME=\(text) with one of \(names.joined(separator: ", "))")
            }
        }
        for name in names where paths[name] == nil {
            throw CompilerError("nothing is given for the input '\(name)'", help: "add \(option) \(name)=FILE")
        }
        return paths
    }

    /// Reads a file, or several pictures, for every input.
    ///
    /// Throws where one is missing, or does not fit.
    func read(_ texts: [String]) throws -> [NetworkInput] {
        try network.requireSizes()
        return try read(paths(texts), of: network)
    }

    /// Reads the files of a group.
    func read(_ group: Group) throws -> [NetworkInput] { try read(group.paths, of: group.network) }

    private func read(_ files: [String: [String]], of network: Network) throws -> [NetworkInput] {
        let declared = network.graph.nodes.compactMap { node in node.inputName.map { (name: $0, type: node.type) } }
        return try declared.map { name, type in
            let paths = files[name] ?? []
            let channels = type.rank == 4 ? type.shape[1].value : nil
            let preparation = network.preparation(of: name)
            let normalization = try channels.map { count throws(TrainingError) in
                try network.normalization(metadata, channels: count, preparation)
            }
            let input = try NetworkInput(
                name, type, symbol: network.batchSymbol, paths: paths, preparation: preparation, normalization: normalization?.values)
            if let weights, input.isPictures, normalization?.isAssumed == true { WeightsReport.warnOfNormalization(weights, network.name) }
            try input.requireClasses(of: network.graph, path: paths[0])
            return input
        }
    }
}
