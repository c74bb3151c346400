import Graph
import Interchange

/// Networks whose inputs have sizes that are symbols: shapes are expressions of them until a run, a plan or a measurement gives numbers.
extension Network {
    /// The symbols of its inputs' types that are no numbers yet, other than the batch.
    public var sizeSymbols: [String] { graph.sizeSymbols }

    /// The network at the given sizes.
    ///
    /// - Throws: where a size is none of the network's, where a constraint does not hold, and where an operation does not take operands
    ///   of these sizes, at its place in the source, with both the expressions and the numbers.
    public func sized(_ sizes: [String: Int]) throws(CompilerError) -> Network {
        for name in sizes.keys.sorted() where !sizeSymbols.contains(name) {
            let known = sizeSymbols.isEmpty ? "it has none" : "it has \(sizeSymbols.joined(separator: ", "))"
            throw CompilerError("'\(self.name)' has no size '\(name)'", help: known, sources)
        }
        guard !sizes.isEmpty else { return self }
        var network = self
        do {
            network.graph = try graph.bound(sizes: sizes)
            if let training { network.training?.graph = try training.graph.bound(sizes: sizes) }
        } catch {
            throw CompilerError(error, sources)
        }
        return network
    }

    /// The network at a number of images, if it does anything with the batch but to keep it in front; itself otherwise.
    ///
    /// - Throws: where an operation does not take so many, such as one that takes the third of two.
    func bindingMovedBatch(to batch: Int) throws(CompilerError) -> Network {
        var network = self
        do {
            network.graph = try Self.checked(graph, batch)
            if let step = training?.graph { network.training?.graph = try Self.checked(step, batch) }
        } catch {
            throw CompilerError(error, sources)
        }
        return network
    }

    /// The network for a number of images.
    ///
    /// - Throws: where an operation does not take so many.
    public func batched(_ batch: Int) throws(CompilerError) -> Network {
        guard let symbol = graph.batchSymbol else { return self }
        var network = self
        do {
            network.graph = try graph.bound(sizes: [symbol: batch])
            network.training = nil
        } catch {
            throw CompilerError(error, sources)
        }
        return network
    }

    /// The graph, bound if it moves the batch, once all of it is found to take so many images.
    private static func checked(_ graph: Graph, _ batch: Int) throws(SizeError) -> Graph {
        guard let symbol = graph.batchSymbol, batch >= 1 else { return graph }
        let bound = try graph.bound(sizes: [symbol: batch])
        return graph.movesBatch ? bound : graph
    }

    /// Throws where a size is not known yet: what goes on from here needs numbers.
    public func requireSizes() throws(CompilerError) {
        guard let first = sizeSymbols.first else { return }
        let isAlone = sizeSymbols.count == 1
        let names = sizeSymbols.joined(separator: " and ")
        throw CompilerError(
            "the \(isAlone ? "size" : "sizes") \(names) of '\(name)' \(isAlone ? "is" : "are") not known",
            help: "give \(isAlone ? "it" : "them"): " + sizeSymbols.map { "-D \($0)=\(typicalSizes?[$0] ?? 224)" }.joined(separator: " "),
            at: graph.nodes.first { $0.type.shape.dimensions.contains { $0.symbol == first } }?.span ?? .none, sources)
    }

    /// Sizes at which to tell what the network costs where none are given, such as 224 or the next that its constraints allow; nil where none
    /// of those that were tried fits.
    public var typicalSizes: [String: Int]? { graph.typicalSizes }
}

extension Graph {
    /// The first of some common sizes that fit.
    public var typicalSizes: [String: Int]? {
        guard !sizeSymbols.isEmpty else { return [:] }
        var multiples: [String: Int] = [:]
        for symbol in nodes.flatMap({ $0.type.shape.dimensions }).flatMap({ $0.expression.symbols }) {
            multiples[symbol.name] = symbol.multiple
        }
        for size in [224, 32, 64, 128, 256, 299, 512, 1024, 2048, 16, 8, 4, 2, 1, 8192, 16_384] {
            let sizes = Dictionary(
                uniqueKeysWithValues: sizeSymbols.map { name in
                    let multiple = multiples[name] ?? 1
                    return (name, (size + multiple - 1) / multiple * multiple)
                })
            if (try? bound(sizes: sizes)) != nil { return sizes }
        }
        return nil
    }
}

/// The sizes of an input that a file decides.
public struct InputSizes: Hashable, Sendable, CustomStringConvertible {
    /// By symbol.
    public private(set) var sizes: [String: Int] = [:]

    public init() {}

    /// The sizes of an array `[N, …]`, or one without the batch's axis, as the input's type names them.
    ///
    /// - Throws: where the rank is another, and where one symbol would have two values.
    public init(of array: [Int], for name: String, _ type: TensorType, isBatched: Bool, path: String) throws(InterchangeError) {
        let isSingle = isBatched && array.count == type.rank - 1
        guard isSingle || array.count == type.rank else {
            throw InterchangeError(path, "the array is \(array), but the input '\(name)' is \(type)", repair: "save it in that shape")
        }
        let extents = isSingle ? [1] + array : array
        for (axis, dimension) in type.shape.dimensions.enumerated() where !(axis == 0 && isBatched) {
            guard let symbol = dimension.symbol else { continue }
            if let other = sizes.updateValue(extents[axis], forKey: symbol), other != extents[axis] {
                throw InterchangeError(
                    path, "the array is \(array), but the input '\(name)' is \(type), with one value of \(symbol)",
                    repair: "save it in that shape")
            }
        }
    }

    /// The size that a picture keeps: its own, or as `preparation` resizes or crops it, with its edges cut so that it is a multiple of what
    /// the symbols are known to be multiples of. Nothing for inputs that have no symbols.
    ///
    /// - Throws: where the file is no picture, one of the two is a symbol only, and where the picture is smaller than one multiple.
    public init(
        ofPicture path: String, for name: String, _ type: TensorType, _ preparation: PicturePreparation
    ) throws(InterchangeError) {
        self.init()
        guard type.rank == 4, type.shape[2].value == nil || type.shape[3].value == nil else { return }
        let image = try Image(path: path, isTurned: preparation.appliesOrientation)
        self = try Self(of: .init(height: image.height, width: image.width), for: name, type, preparation, path: path)
    }

    /// The same of a picture of known extents; `path` names it in errors.
    public init(
        of picture: PicturePreparation.Extents, for name: String, _ type: TensorType, _ preparation: PicturePreparation, path: String
    ) throws(InterchangeError) {
        let shape = type.shape
        guard type.rank == 4, shape[2].value == nil || shape[3].value == nil else { return }
        guard case .size(let height) = shape[2], case .size(let width) = shape[3], let rows = height.symbol, let columns = width.symbol
        else {
            throw InterchangeError(
                path, "the input '\(name)' is \(type), which no picture decides", repair: "make height and width two symbols, or numbers")
        }
        let own = preparation.extents(of: picture)
        for (symbol, extent) in [(rows, own.height), (columns, own.width)] {
            let fitting = extent / symbol.multiple * symbol.multiple
            guard fitting > 0 else {
                throw InterchangeError(
                    path, "the picture is \(own.height) x \(own.width), and '\(name)' takes multiples of \(symbol.multiple)",
                    repair: "give a larger one")
            }
            sizes[symbol.name] = min(sizes[symbol.name] ?? fitting, fitting)
        }
    }

    public var description: String { sizes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ") }

    /// The sizes of both, where they agree.
    public func merging(_ other: InputSizes) -> InputSizes? {
        guard sizes.allSatisfy({ other.sizes[$0.key] ?? $0.value == $0.value }) else { return nil }
        var result = self
        result.sizes.merge(other.sizes) { own, _ in own }
        return result
    }
}

extension Network {
    /// The network at the sizes that files decide: pictures keep their size there, but for edges that are cut.
    public func sized(by files: InputSizes) throws(CompilerError) -> Network {
        let symbolic = graph
        // Pictures that decide the size fill it, however they are prepared.
        var network = try preparingNothing.sized(files.sizes)
        for value in symbolic.values where symbolic[value].inputName != nil {
            let (type, own) = (network.graph[value].type, symbolic[value].type)
            guard own.rank == 4, own != type, let height = type.shape[2].value, let width = type.shape[3].value else { continue }
            var preparation = symbolic[value].preparation ?? PicturePreparation()
            preparation.crop = .init(height: height, width: width)
            // What holds no pictures is given as it is.
            if preparation.problem(for: own) == nil { network.graph[value].preparation = preparation }
        }
        return network
    }

    /// The network whose inputs do not say how pictures are prepared.
    private var preparingNothing: Network {
        var network = self
        for value in graph.values { network.graph[value].preparation = nil }
        if let training {
            for value in training.graph.values { network.training?.graph[value].preparation = nil }
        }
        return network
    }
}
