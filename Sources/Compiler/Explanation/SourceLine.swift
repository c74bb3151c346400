import Graph
import Language
import Source

/// A line of source, with what came into being by it.
public struct SourceLine: Sendable {
    public var file: String
    /// Counted from 1.
    public var number: Int
    public var text: String
    private var bytes: Range<Int>
    private var id: FileID

    /// The line of a network's source.
    ///
    /// - Parameter file: a file that the network was read from, or the end of its path; nil for the file itself.
    /// - Throws: where there is no such line, or no node comes of it, with the nearest lines of which some do.
    public init(_ number: Int, of file: String?, in network: Network) throws(CompilerError) {
        guard let program = network.program else {
            throw CompilerError("'\(network.name)' was not read from the language", help: "lines are those of a .braid file")
        }
        let sources = network.sources
        let all = Self.files(of: sources)
        // The file ends in a token, whatever it holds.
        let root = program.root.lexed.tokens.last?.span.file
        let found = all.filter { id, source in
            file.map { source.name == $0 || source.name.hasSuffix("/" + $0) } ?? (id == root)
        }
        guard found.count == 1, let (id, source) = found.first else {
            throw CompilerError(
                found.isEmpty ? "'\(network.name)' was read from no file '\(file ?? "")'" : "'\(file ?? "")' may be one of several files",
                help: "it was read from \(all.map(\.1.name).joined(separator: ", "))")
        }
        guard (1...source.lineStarts.count).contains(number) else {
            throw CompilerError("\(source.name) has no line \(number)", help: "it has \(source.lineStarts.count)")
        }
        (self.file, self.number, self.id) = (source.name, number, id)
        bytes = source.lineRange(number - 1)
        text = source.line(number - 1)
        guard nodes(of: network.graph).isEmpty, network.training.map({ nodes(of: $0.graph).isEmpty }) ?? true else { return }
        let lines = Set(network.graph.nodes.filter { $0.span.file == id }.map { source.lineIndex(at: Int($0.span.lower)) + 1 })
        let near = lines.sorted { (abs($0 - number), $0) < (abs($1 - number), $1) }.prefix(3).sorted().map(String.init)
        throw CompilerError(
            "nothing of the network '\(network.name)' comes of line \(number) of \(source.name)",
            help: near.isEmpty
                ? "name a line with an operator, or --node LABEL" : "near it, lines \(near.joined(separator: ", ")) make something")
    }

    private static func files(of sources: SourceMap) -> [(FileID, SourceFile)] {
        var files: [(FileID, SourceFile)] = []
        while let file = sources[FileID(rawValue: UInt32(files.count))] { files.append((FileID(rawValue: UInt32(files.count)), file)) }
        return files
    }

    /// The operations and parameters of a graph that come of the line: that begin there, or within a call there.
    func nodes(of graph: Graph) -> [Value] {
        graph.values.filter { value in
            let node = graph[value]
            return (node.operation != nil || node.parameter != nil) && ([node.span] + node.calls.places).contains(where: isHere)
        }
    }

    private func isHere(_ span: Span) -> Bool { span.file == id && bytes.lowerBound <= span.lower && span.lower <= bytes.upperBound }
}
