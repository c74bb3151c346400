import Foundation
import Foreign
import Graph
import Interchange
import Language
import LoopNest
import ONNX
import Operators
import Recipes
import Source

/// A network as it was read: from the language, or from the printed text of a later stage.
public struct Network: Sendable {
    /// How far along the road the text was that the network came from.
    public enum Origin: Sendable, Equatable {
        case language
        /// An elaborated graph, with or without a loss.
        case graph
        /// A training step.
        case training
        /// A graph with layouts and groups.
        case optimized
        case kernels
    }

    public var name: String
    public var origin: Origin
    public var documentation = ""
    /// The doc comments of inputs and outputs, by name.
    public var interfaceDocumentation: [String: String] = [:]
    /// Inputs to outputs; of a printed later stage, that stage's graph.
    public var graph: Graph
    public var training: ElaboratedNetwork.Training?
    /// The names of the blocks that were called under a label, by their full label; a printed stage does not tell them.
    public var blocks: [String: String] = [:]
    /// Loop nests that were read as text; the graph is empty then.
    public var kernels: [Kernel] = []
    public var sources: SourceMap
    /// What the model was that the network was imported from, with its weights; nil where it was a text.
    public var model: ImportedNetwork?
    /// Warnings; errors are thrown.
    public var diagnostics: [Diagnostic] = []
    /// What the file parsed to, where it was in the language.
    public var program: Program?

    /// The parameters that only the training has, such as those of an auxiliary head.
    public var trainingParameters: Set<String> {
        let names = { (graph: Graph) in Set(graph.nodes.compactMap { $0.parameter?.name }) }
        return training.map { names($0.graph).subtracting(names(graph)) } ?? []
    }

    /// The network with its targets and its loss, as it predicts: what held-out pictures are judged with. Nil without a training.
    public var evaluation: Network? {
        guard let training else { return nil }
        var network = self
        network.graph = training.graph.forPrediction
        network.training = nil
        return network
    }

    /// The network as `evaluation` has it, with that as an output which its loss compares with one of the targets, by the names of both: what
    /// tells more of its answers than the loss. No comparison where the loss is written with operators that no metric goes with.
    public var judged: (network: Network, comparison: (output: String, target: String)?)? {
        guard let training, var network = evaluation else { return nil }
        guard let (_, node) = Metric.comparison(with: Set(training.targets), in: network.graph),
            let target = network.graph[node.operands[1]].inputName
        else { return (network, nil) }
        let answer = node.operands[0]
        if let output = network.graph.outputs.first(where: { $0.value == answer }) { return (network, (output.name, target)) }
        network.graph.outputs.append(Graph.Output(Metric.answerOutput, answer))
        return (network, (Metric.answerOutput, target))
    }

    /// What the classes are called that the network tells apart: those of its output `logits`, or else of the first output whose classes have
    /// names; nil where none has.
    public var classNames: [String]? {
        graph.classLabels["logits"] ?? graph.outputs.lazy.compactMap { graph.classLabels[$0.name] }.first
    }

    /// The files that it was read from: its source with what that imports, or its model.
    public var files: [String] { sources.names + (model?.files ?? []) }

    /// Throws where the text is of a stage that has no graph.
    public func requireGraph() throws(CompilerError) {
        guard origin == .kernels else { return }
        throw CompilerError(
            "'\(name)' is a text of kernels; the graph they came from is not in it",
            help: "give the .braid file, or the text of an earlier stage; kernels can be checked, and dumped as machine code")
    }

    /// The symbol that stands for the number of images, if there is one.
    public var batchSymbol: String? { graph.batchSymbol }
}

extension Network {
    /// Reads a file: a `.braid` source, the printed text of the stages graph, training, optimized or kernels, or a model in ONNX (`.onnx`).
    ///
    /// - Parameters:
    ///   - path: may end in `:NAME` to pick one of several networks.
    ///   - name: the network, if the file has several.
    ///   - definitions: values of the network's parameters in the language's notation.
    ///   - given: values of a model's inputs by its own names, which are constants where they decide shapes.
    public static func load(
        _ path: String, name: String? = nil, definitions: [String: String] = [:], given: [String: HostTensor] = [:]
    ) throws(CompilerError) -> Network {
        let (path, name) = place(path, name)
        if ImportedNetwork.isName(path) {
            let network = try readModel(path, definitions, given)
            guard name == nil || name == network.name else {
                throw CompilerError("'\(path)' has no network '\(name ?? "")'", help: "a model is one network: leave the name out")
            }
            return network
        }
        return try read(try readText(path), path: path, name: name, definitions: definitions)
    }

    /// A path without the network that it may pick, and that network.
    private static func place(_ path: String, _ name: String?) -> (path: String, name: String?) {
        guard name == nil, !FileManager.default.fileExists(atPath: path), let colon = path.lastIndex(of: ":") else { return (path, name) }
        return (String(path[..<colon]), String(path[path.index(after: colon)...]))
    }

    /// Whether the network that `load` reads has a parameter, which `definitions` may then give a value; false where there is no such network,
    /// and for the text of a stage.
    public static func hasParameter(_ parameter: String, _ path: String, name: String? = nil) throws(CompilerError) -> Bool {
        let (path, name) = place(path, name)
        if ImportedNetwork.isName(path) { return false }
        let text = try readText(path)
        if text.hasPrefix("kernel ") || text.hasPrefix("graph ") { return false }
        let network = loadProgram(path, text: text).networks.first { $0.name.text == name ?? $0.name.text }
        return network?.parameters.contains { $0.name.text == parameter } ?? false
    }

    /// Reads the text of a file, as `load` does; imports are looked for beside `path`.
    public static func read(
        _ text: String, path: String, name: String? = nil, definitions: [String: String] = [:]
    ) throws(CompilerError) -> Network {
        if text.hasPrefix("kernel ") { return try readKernels(text, path) }
        if text.hasPrefix("graph ") { return try readGraph(text, path, definitions) }
        let program = loadProgram(path, text: text)
        let (elaborated, diagnostics) = program.elaborate(name, definitions: definitions)
        guard let elaborated else { throw CompilerError(diagnostics, program.map) }
        return Network(
            name: elaborated.name, origin: .language, documentation: elaborated.documentation,
            interfaceDocumentation: elaborated.interfaceDocumentation, graph: elaborated.graph, training: elaborated.training,
            blocks: elaborated.blocks, sources: program.map, diagnostics: diagnostics, program: program)
    }

    /// Parses a file of the language and what it imports.
    public static func program(_ path: String) throws(CompilerError) -> Program { loadProgram(path, text: try readText(path)) }

    private static func loadProgram(_ path: String, text: String) -> Program {
        Program.load(path: path, text: text, foreign: foreignLoader) { folder in
            (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        } readTensor: { (file) throws(TensorFileError) in
            try readTensor(file)
        } print: { line in
            FileHandle.standardError.write(Data((DisplayText.sanitized(line) + "\n").utf8))
        } unreadable: { file in
            whyUnreadable(file)
        } readFile: { file in
            isRegularFile(file) ? try? readText(file) : nil
        }
    }

    /// Reads an array file (`.npy`) from which a program takes a tensor; larger ones than it may have are not looked at.
    @Sendable public static func readTensor(_ path: String) throws(TensorFileError) -> FileTensor {
        do {
            // Elements of 8 bytes behind a header.
            let data = try InputFile.read(path, maximum: ConstantTensor.maximumCount * 8 + (1 << 16))
            let array = try NumPy.read(data: data, path: path)
            return FileTensor(extents: array.shape, values: array.floats)
        } catch {
            throw TensorFileError(error.message, repair: error.repair)
        }
    }

    /// What reads the files of `extern`.
    public static let foreignLoader: any ForeignLoader = CLoader()

    /// Whether a path that stands in a file of somebody's names a file that ends, or a link to one: no device, no pipe.
    public static func isRegularFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }

    /// The kind of what a path leads to; nil for nothing.
    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Why a file that a source names cannot be read; nil where there is none, or it can.
    @Sendable public static func whyUnreadable(_ path: String) -> String? {
        switch kind(of: path) {
        case S_IFDIR?: return "it is a folder"
        case S_IFREG?:
            do throws(CompilerError) {
                _ = try readText(path)
                return nil
            } catch {
                return error.diagnostics.first?.message
            }
        case nil:
            var status = stat()
            return lstat(path, &status) == 0 ? "it is a link that leads to nothing" : nil
        default: return "it is a device or a pipe, and no file that ends"
        }
    }

    /// The largest source that is read, in bytes: far above any network, far below what exhausts memory.
    private static let largestText = 64 << 20

    /// Reads a source; throws where it cannot be read, is too large or no UTF-8.
    public static func readText(_ path: String) throws(CompilerError) -> String {
        guard let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int else {
            throw CompilerError("cannot read '\(path)'", help: "is the path right, and may you read the file?")
        }
        guard size <= largestText else {
            throw CompilerError("'\(path)' has \(size) bytes, more than any source", help: "give a .braid file or a printed stage")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CompilerError("cannot read '\(path)'", help: "is it a file, and may you read it?")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CompilerError("'\(path)' is not UTF-8 text", help: "give a .braid file or a printed stage")
        }
        return text
    }

    private static func readKernels(_ text: String, _ path: String) throws(CompilerError) -> Network {
        let kernels: [Kernel]
        do {
            kernels = try KernelReader.read(text)
        } catch {
            throw CompilerError("'\(path)': \(error)")
        }
        if kernels.contains(where: { $0.call != nil }) {
            var sources = SourceMap()
            let file = sources.add(SourceFile(name: path, text: text))
            try ForeignTexts(of: kernels, path: path, text: text, file: file, sources).require()
        }
        return Network(name: path, origin: .kernels, graph: Graph(name: path), kernels: kernels, sources: SourceMap())
    }

    private static func readGraph(_ text: String, _ path: String, _ definitions: [String: String]) throws(CompilerError) -> Network {
        var sources = SourceMap()
        let file = sources.add(SourceFile(name: path, text: text))
        let graph: Graph
        do {
            graph = try Graph(reading: text, catalog: .standard)
        } catch {
            throw CompilerError([error.diagnostic(in: file)], sources)
        }
        guard !graph.outputs.isEmpty || !graph.updates.isEmpty else {
            throw CompilerError(
                "'\(graph.name)' has no output, so that there is nothing to compute", help: "end it with 'output logits = %3'")
        }
        let origin: Origin = graph.nodes.contains { $0.group != nil } ? .optimized : graph.updates.isEmpty ? .graph : .training
        let sizes = try sizes(definitions)
        try ForeignTexts(of: graph, path: path, text: text, file: file, sources).require()
        return try Network(name: graph.name, origin: origin, graph: graph, sources: sources).sized(sizes)
    }

    /// What `definitions` say of a graph's sizes: what the language's parameters were is no longer in it.
    static func sizes(_ definitions: [String: String]) throws(CompilerError) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for (name, text) in definitions.sorted(by: { $0.key < $1.key }) {
            guard let size = Int(text) else {
                throw CompilerError("the size '\(name)' must be an integer, not '\(text)'", help: "write -D \(name)=224")
            }
            sizes[name] = size
        }
        return sizes
    }
}
