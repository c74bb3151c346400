import Analysis
import Compiler
import Foundation
import Graph
import Language
import LoopNest
import Operators
import Source

/// What a check found wrong; crashes and hangs are seen from outside.
public struct FuzzFinding: Error, CustomStringConvertible {
    public var description: String
}

/// Takes an input along the road as far as it goes, and asserts what must hold at every station.
public struct FuzzChecks {
    /// Graphs with more nodes are not taken through the passes.
    private static let maximumNodes = 120
    /// Nor are those with more elements a batch of two.
    private static let maximumElements = 1 << 22
    static let batch = 2

    private let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1)
    /// For kernels with tiles.
    private let tileCompiler = Compiler(target: .x86AMX, cache: nil, threads: 1)

    /// Whether memory is measured, which is the whole process's: not where others work in it, too.
    let measuresMemory: Bool

    public init(measuresMemory: Bool = false) { self.measuresMemory = measuresMemory }

    /// - Returns: whether a network was elaborated or a stage's text accepted.
    public func run(_ input: FuzzInput) throws(FuzzFinding) -> Bool {
        switch input.kind {
        case .bytes, .tokens, .trees, .programs: try program(input.text)
        case .externs: try extern(input.text)
        case .graphs, .kernels: try stage(input.text)
        case .roads: try road(input.text)
        case .onnx: try model(FileMutation.bytes(input.text))
        case .safetensors, .pth, .npy, .npz, .png, .jpeg, .webp, .pnm, .idx:
            try FileChecks(measuresMemory: measuresMemory).run(input.kind, FileMutation.bytes(input.text))
        }
    }

    func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(FuzzFinding) {
        if !condition { throw FuzzFinding(description: message()) }
    }

    /// A network along every command's road, in a folder that is removed afterwards.
    private func road(_ text: String) throws(FuzzFinding) -> Bool {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-road-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw FuzzFinding(description: "\(error)")
        }
        return try RoadChecks(folder: folder).run(text)
    }

    /// What every C file holds that a program names.
    private static let functions = """
        #include <math.h>
        /// @param slope = 0.5
        float bent(float x, float slope) { return x > 0 ? x : slope * expm1f(x); }
        /// @param n = 3
        float power(float x, int n) { float y = 1; for (int i = 0; i < n; i++) y *= x; return y; }
        """

    private func program(_ text: String) throws(FuzzFinding) -> Bool {
        var map = SourceMap()
        let source = SourceFile(name: "fuzz.braid", text: text)
        let parsed = Parser.parse(source, as: map.add(source))
        var end = 0
        for token in parsed.lexed.tokens {
            try require(token.span.range.lowerBound >= end, "the token at \(token.span.range) overlaps the one before")
            end = token.span.range.upperBound
        }
        try require(parsed.lexed.tokens.last?.kind == .endOfFile && end == source.bytes.count, "the tokens do not end with the file")
        try check(parsed.diagnostics, map)
        _ = parsed.syntax.printed()

        let program = Program.load(path: "fuzz.braid", text: text, foreign: Network.foreignLoader) { path in
            path.hasSuffix(".c")
                ? Self.functions
                : path.hasSuffix(".txt")
                    ? Corpus.labels : path.contains("self") ? text : path.contains("layers") ? "block layer(x) { x |> relu }" : nil
        }
        try check(program.check(), program.map)
        var isElaborated = false
        // The rest is like these: files of many networks would take all the time.
        for network in program.networks.prefix(3) {
            let (elaborated, diagnostics) = program.elaborate(network.name.text)
            try check(diagnostics, program.map)
            try require((elaborated == nil) == diagnostics.hasErrors, "an error and a network, or neither: \(network.name.text)")
            guard let elaborated else { continue }
            isElaborated = true
            try roundTrip(elaborated.graph)
            try written(elaborated.graph)
            if let training = elaborated.training {
                try roundTrip(training.graph)
                _ = training.recipe.printed()
            }
            guard program.networks.count == 1, let whole = try? Network.read(text, path: "fuzz.braid") else { continue }
            try described(whole)
            if isSmall(whole.graph) { _ = try? whole.lintSubject().findings() }
            if whole.sizeSymbols.isEmpty { try road(whole) } else { try sizes(whole, text) }
        }
        return isElaborated
    }

    /// What `braid describe` says of a network, at typical sizes where its own are symbols.
    func described(_ network: Network) throws(FuzzFinding) {
        guard let sizes = network.typicalSizes else { return }
        do {
            _ = try NetworkDescription(network, batch: Self.batch, sizes: sizes)
        } catch {
            try check(error.diagnostics, error.sources)
        }
    }

    /// A network with symbols at some sizes: refused with a diagnostic, or the same as with the numbers from the beginning.
    private func sizes(_ network: Network, _ text: String) throws(FuzzFinding) {
        for first in [1, 6, 8] {
            let sizes = Dictionary(uniqueKeysWithValues: network.sizeSymbols.enumerated().map { ($1, first + 4 * $0) })
            let bound: Network
            do {
                bound = try network.sized(sizes)
            } catch {
                try check(error.diagnostics, error.sources)
                continue
            }
            try roundTrip(bound.graph)
            let definitions = sizes.mapValues { "\($0)" }
            if let numbers = try? Network.read(text, path: "fuzz.braid", definitions: definitions) {
                func outputs(_ graph: Graph) -> [String] { graph.outputs.map { "\($0.name): \(graph[$0.value].type)" } }
                let (own, given) = (outputs(bound.graph), outputs(numbers.graph))
                try require(own == given, "with \(sizes) outputs are \(own), and \(given) where they are numbers from the beginning")
            }
            try road(bound)
        }
    }

    /// A C file, and a network that calls each of its functions.
    private func extern(_ text: String) throws(FuzzFinding) -> Bool {
        func load(_ network: String) -> Program {
            Program.load(path: "fuzz.braid", text: "extern \"fuzz.c\"\n" + network, foreign: Network.foreignLoader) {
                $0 == "fuzz.c" ? text : nil
            }
        }
        let program = load("")
        let found = program.check()
        try check(found, program.map)
        guard !found.hasErrors else { return false }
        for name in program.callables where program.definitionPlaces[name] != nil {
            let elements = (program.describe(callable: name)?.parameters ?? []).filter { $0.defaultValue == nil }.map(\.name)
            let inputs = elements.indices.map { "input x\($0): f32[N, 4]\n" }.joined()
            let arguments = elements.indices.map { "x\($0)" }.joined(separator: ", ")
            let calling = load("network n {\n\(inputs)output y = \(name)(\(arguments))\n}\n")
            let (network, diagnostics) = calling.elaborate()
            try check(diagnostics, calling.map)
            guard let network else { throw FuzzFinding(description: "`\(name)` was read and cannot be called") }
            try roundTrip(network.graph)
        }
        return true
    }

    /// Diagnostics say something, lie within their files and can be drawn.
    func check(_ diagnostics: [Diagnostic], _ map: SourceMap) throws(FuzzFinding) {
        for diagnostic in diagnostics {
            try require(!diagnostic.message.isEmpty, "a diagnostic without words")
            for label in [diagnostic.primary] + diagnostic.secondary where !label.span.isNone {
                let size = map[label.span.file]?.bytes.count
                try require(size.map { label.span.range.upperBound <= $0 } == true, "outside of its file: \(diagnostic.message)")
            }
        }
        let text = DiagnosticRenderer(map).render(diagnostics.prefix(12))
        try require(diagnostics.isEmpty == text.isEmpty, "diagnostics that are not drawn")
    }

    func roundTrip(_ graph: Graph) throws(FuzzFinding) {
        let violations = graph.violations()
        try require(violations.isEmpty, "the graph is not sound: \(violations)")
        let reread: Graph
        do {
            reread = try Graph(reading: graph.text(), catalog: .standard)
        } catch {
            throw FuzzFinding(description: "the printed graph is not read: \(error)\n\(graph.text())")
        }
        try require(reread.text() == graph.text(), "the printed graph reads as another\n\(graph.text())")
    }

    /// A graph as a source: it is refused with a reason, or the source is formatted and makes a graph of the same outputs and parameters.
    func written(_ graph: Graph) throws(FuzzFinding) {
        guard graph.nodes.count <= Self.maximumNodes else { return }
        let source: WrittenSource
        do {
            source = try SourceWriter.write(graph)
        } catch {
            return try check([error.diagnostic], SourceMap())
        }
        try require(SourceFormatter.format(source.text, name: "written.braid").text == source.text, "not formatted:\n\(source.text)")
        let program = Program.load(path: "written.braid", text: source.text) { _ in nil }
        let (network, diagnostics) = program.elaborate(source.network)
        guard let network else {
            throw FuzzFinding(
                description: "what was written is refused: \(diagnostics.first?.message ?? "")\n\(source.text)\n-- of --\n\(graph.text())")
        }
        func outputs(_ graph: Graph, _ names: [String: String]) -> [String] {
            graph.outputs.map { "\(names[$0.name] ?? $0.name): \(graph[$0.value].type)" }
        }
        func parameters(_ graph: Graph, _ names: [String: String]) -> Set<String> {
            Set(graph.nodes.compactMap { node in node.parameter.map { "\(names[$0.name] ?? $0.name): \(node.type)" } })
        }
        let isSame =
            outputs(graph, source.outputs) == outputs(network.graph, [:])
            && parameters(graph, source.parameters) == parameters(network.graph, [:])
        try require(isSame, "what was written is another network:\n\(source.text)\n-- of --\n\(graph.text())")
    }

    /// The passes, the plan and the kernels' text of a small network.
    func road(_ network: Network) throws(FuzzFinding) {
        guard isSmall(network.graph) else { return }
        for training in [false, true] where !training || network.training != nil {
            guard !training || isSmall(network.training!.graph) else { continue }
            // A network that cannot be differentiated or planned is refused with a diagnostic.
            guard let optimized = try? compiler.optimize(network, training: training) else { continue }
            try roundTrip(optimized)
            guard let plan = try? compiler.plan(network, training: training, batch: Self.batch) else { continue }
            for kernel in plan.kernels { try roundTrip([kernel]) }
        }
    }

    /// All stages that can be dumped of a network that was read: each is refused with a diagnostic, or printed.
    private func dumps(_ network: Network, _ stages: [Stage]) throws(FuzzFinding) {
        let usesTiles = network.origin == .kernels && network.kernels.contains(where: \.usesTiles)
        for stage in stages {
            do {
                let text = try (usesTiles ? tileCompiler : compiler).dump(network, stage, batch: Self.batch)
                try require(!text.isEmpty, "the stage \(stage) is empty")
            } catch let error as CompilerError {
                try check(error.diagnostics, error.sources)
            } catch let error as FuzzFinding {
                throw error
            } catch {
                throw FuzzFinding(description: "the stage \(stage) fails with no diagnostic: \(error)")
            }
        }
    }

    func isSmall(_ graph: Graph) -> Bool {
        guard graph.nodes.count <= Self.maximumNodes else { return false }
        let bindings = graph.batchSymbol.map { [$0: Self.batch] } ?? [:]
        var total = 0
        for node in graph.nodes {
            var count = 1
            for dimension in node.type.shape.bound(bindings).dimensions {
                let (product, overflow) = count.multipliedReportingOverflow(by: dimension.value ?? 1)
                if overflow || product > Self.maximumElements { return false }
                count = product
            }
            total += count
        }
        return total <= Self.maximumElements
    }

    private func roundTrip(_ kernels: [Kernel]) throws(FuzzFinding) {
        let text = kernels.map(\.description).joined(separator: "\n")
        let reread: [Kernel]
        do {
            for kernel in kernels { try kernel.verify() }
            reread = try KernelReader.read(text)
        } catch {
            throw FuzzFinding(description: "a kernel is not sound: \(error)\n\(text)")
        }
        try require(reread.map(\.description).joined(separator: "\n") == text, "the printed kernel reads as another\n\(text)")
    }

    /// A printed stage that was tampered with is refused with a diagnostic, or sound.
    private func stage(_ text: String) throws(FuzzFinding) -> Bool {
        let network: Network
        do {
            network = try Network.read(text, path: "fuzz.stage")
        } catch {
            try check(error.diagnostics, error.sources)
            return false
        }
        if network.origin == .kernels {
            try roundTrip(network.kernels)
            // LLVM is slow, and takes long for much; what is trapped by is the emitter.
            let isShort = text.utf8.count <= 20_000
            try dumps(network, [.graph, .language, .training, .optimized, .plan, .kernels] + (isShort ? [.llvm, .object] : []))
        } else if network.origin != .language {
            try roundTrip(network.graph)
            try described(network)
            try road(network)
            if isSmall(network.graph) {
                try dumps(network, [.tokens, .syntax, .graph, .language, .training, .optimized, .plan, .kernels, .llvm])
            }
        }
        return true
    }
}
