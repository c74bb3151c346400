import Foreign
import Graph
import Language
import LoopNest
import Source

/// The C text that printed stages hold, which goes through the same checks as a C file of the language: it may come from anyone.
struct ForeignTexts {
    private let path: String
    private let text: String
    private let file: FileID
    private(set) var sources: SourceMap
    private(set) var diagnostics: [Diagnostic] = []
    /// The texts that were read, each with what it is called.
    private var known: [String: (name: String, arrays: ForeignArrays)] = [:]
    private var seen: Set<Use> = []

    private struct Use: Hashable {
        var source: String
        var function: String
        var inputs: Int
        var results: Int
        var numbers: [String]
    }

    /// - Parameters:
    ///   - text: of the printed stage, which lies in `path` and is `file` of `sources`.
    private init(_ path: String, _ text: String, _ file: FileID, _ sources: SourceMap) {
        (self.path, self.text, self.file, self.sources) = (path, text, file, sources)
    }

    /// Checks what a graph calls.
    init(of graph: Graph, path: String, text: String, file: FileID, _ sources: SourceMap) {
        self.init(path, text, file, sources)
        for node in graph.nodes where node.operation == .foreign {
            guard let rule = try? ForeignRule(reading: node.attributes.text("rule")) else { continue }
            let source = node.attributes.text("source")
            let numbers = node.attributes.text("numbers").split(separator: ",").map { String($0.drop { $0 == " " }) }
            let inputs = rule.inputs.map(\.name)
            let results = rule.results.count == 1 ? ["result"] : rule.results.indices.map { "result\($0)" }
            check(source, node.attributes.text("function"), inputs, results, numbers)
            let gradient = node.attributes.text("gradient")
            if !gradient.isEmpty { check(source, gradient, inputs + ["gradient"], inputs.map { $0 + "_gradient" }, numbers) }
        }
    }

    /// Checks what kernels call.
    init(of kernels: [Kernel], path: String, text: String, file: FileID, _ sources: SourceMap) {
        self.init(path, text, file, sources)
        for kernel in kernels {
            guard let call = kernel.call else { continue }
            let buffers = call.arrays.map { kernel.parameters[$0.buffer.index] }
            // What is written stands behind what is read.
            let read = buffers.prefix { $0.access == .read }
            check(call.source, call.name, read.map(\.name), buffers.dropFirst(read.count).map(\.name), call.numbers)
        }
    }

    private mutating func check(_ source: String, _ function: String, _ inputs: [String], _ results: [String], _ numbers: [String]) {
        let use = Use(source: source, function: function, inputs: inputs.count, results: results.count, numbers: numbers)
        guard seen.insert(use).inserted else { return }
        let place = place(of: source)
        if known[source] == nil {
            // One name for each text: the functions of several may be called the same.
            let name = "\(path), C text" + (known.isEmpty ? "" : " \(known.count + 1)")
            known[source] = (
                name, Network.foreignLoader.loadArrays(path: name, text: source, into: &sources, at: place) { _ in nil }
            )
        }
        guard let (name, arrays) = known[source] else { return }
        diagnostics += arrays.problems(calling: function, of: name, inputs: inputs, results: results, numbers: numbers, at: place)
    }

    /// The line of the printed text that has the C text, up to that.
    private func place(of source: String) -> Span {
        guard let found = text.utf8.firstRange(of: TextScanner.quoted(source).utf8) else { return .none }
        let before = text.utf8[..<found.lowerBound]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { text.utf8.index(after: $0) } ?? text.utf8.startIndex
        let blanks = text.utf8[start...].prefix { $0 == UInt8(ascii: " ") }.count
        let lower = text.utf8.distance(from: text.utf8.startIndex, to: start) + blanks
        let word = text.utf8[start...].dropFirst(blanks).prefix { $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: "\n") }.count
        return Span(file: file, lower..<lower + word)
    }

    /// - Throws: what is wrong.
    func require() throws(CompilerError) {
        // Warnings are of no use to who did not write the text.
        let errors = diagnostics.filter { $0.severity == .error }
        if !errors.isEmpty { throw CompilerError(errors.inReadingOrder(), sources) }
    }
}
