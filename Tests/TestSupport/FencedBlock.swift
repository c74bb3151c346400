import Foundation

/// A fenced block of a page of documentation.
public struct FencedBlock: Sendable {
    /// What stands behind the opening backquotes, such as `braid` or `console varies`.
    public var kind: String
    /// The lines within the fences, each with its line break.
    public var text: String
    /// Where they stand, by index into the page's lines.
    public var lines: Range<Int>

    /// The lines of a page; the last one is empty if the page ends in a line break.
    public static func lines(of page: URL) throws -> [String] {
        try String(contentsOf: page, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The blocks of a page, in order.
    public static func all(in lines: [String]) -> [FencedBlock] {
        var blocks: [FencedBlock] = []
        var start: Int?
        for (index, line) in lines.enumerated() where line.hasPrefix("```") {
            if let begin = start {
                let text = lines[begin..<index].map { $0 + "\n" }.joined()
                blocks.append(FencedBlock(kind: String(lines[begin - 1].dropFirst(3)), text: text, lines: begin..<index))
                start = nil
            } else {
                start = index + 1
            }
        }
        return blocks
    }
}
