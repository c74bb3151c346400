import Graph
import Source

/// The files that a network was read from, and which places of them its nodes come from.
struct PageSource: Encodable, Sendable {
    struct File: Encodable, Sendable {
        var name: String
        var lines: [String]
    }

    /// Where something stands: file, first line, column in it, last line, column behind the end. Lines and columns count from 0, columns in
    /// UTF-16 units.
    typealias Place = [Int]

    var files: [File] = []
    /// The file that was named, which imports the others; nil where there is none.
    var root: Int?
    /// By node of the first graph where its operation is written, and the names of the blocks whose calls led there, the innermost first; empty
    /// for what no file says.
    var places: [[Place]] = []

    init(_ network: Network, _ graph: Graph) {
        let sources = network.sources
        var identities: [FileID] = []
        while let file = sources[FileID(rawValue: UInt32(identities.count))] {
            identities.append(FileID(rawValue: UInt32(identities.count)))
            files.append(File(name: file.name, lines: Self.lines(of: file.text)))
        }
        func place(_ span: Span) -> Place? {
            guard let file = sources[span.file], Int(span.upper) <= file.bytes.count else { return nil }
            func position(_ offset: Int) -> [Int] {
                let line = file.lineIndex(at: offset)
                return [line, file.text(in: file.lineStarts[line]..<offset).utf16.count]
            }
            return [Int(span.file.rawValue)] + position(Int(span.lower)) + position(Int(span.upper))
        }
        // A file ends in a token, whatever it holds.
        root = network.program?.root.lexed.tokens.last.map { Int($0.span.file.rawValue) }
        places = graph.nodes.map { node in
            var all = [node.span]
            for call in node.calls.places where !all.contains(call) { all.append(call) }
            return all.compactMap(place)
        }
    }

    static func lines(of text: String) -> [String] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    }
}
