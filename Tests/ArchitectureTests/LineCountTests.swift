import Foundation
import TestSupport
import Testing

/// The table of `Tests/README.md` that says how much source and how many tests each part has.
@Suite struct LineCountTests {
    private static let page = packageRoot.appending(path: "Tests/README.md")

    private struct Row {
        var part: String
        var figures: [Int]

        /// Figures change with every commit: the table has two digits of them.
        var text: String { "| `\(part)` | " + figures.map { "\(Self.rounded($0))" }.joined(separator: " | ") + " |" }

        static func rounded(_ figure: Int) -> Int {
            var unit = 1
            while figure >= 100 * unit { unit *= 10 }
            return (figure + unit / 2) / unit * unit
        }

        init(part: String, figures: [Int]) {
            self.part = part
            self.figures = figures
        }

        /// Nil for a line that is no row of figures.
        init?(_ line: String) {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
            let figures = cells.dropFirst().compactMap { Int($0) }
            guard cells.count == 4, figures.count == 3 else { return nil }
            (part, self.figures) = (cells[0], figures)
        }
    }

    private static func counted(_ part: String) throws -> Row {
        func texts(_ folder: String) throws -> [String] {
            try swiftFiles(under: folder).map { try String(contentsOf: $0, encoding: .utf8) }
        }
        func lines(_ texts: [String]) -> Int { texts.reduce(0) { $0 + $1.utf8.count { $0 == UInt8(ascii: "\n") } } }
        let (sources, tests) = (
            try texts("Sources/\(part)"), try texts(part == "braid" ? "Tests/CommandTests" : "Tests/\(part)Tests")
        )
        let functions = tests.joined().split(separator: "\n").count { $0.trimmingPrefix { $0 == " " }.hasPrefix("@Test") }
        return Row(part: part, figures: [lines(sources), lines(tests), functions])
    }

    @Test func tableIsFresh() throws {
        var lines = try String(contentsOf: Self.page, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        let start = try #require(lines.firstIndex(of: "<!-- generated: lines -->"))
        let end = try #require(lines[start...].firstIndex(of: "<!-- end -->"))
        let counted = try partsInOrder.map(Self.counted)
        if Golden.isUpdating {
            let head = ["| part | source | test | test functions |", "|---|--:|--:|--:|"]
            lines.replaceSubrange((start + 1)..<end, with: head + counted.map(\.text))
            return try Golden.check(lines.joined(separator: "\n"), Self.page)
        }
        let written = lines[start..<end].compactMap(Row.init)
        #expect(written.map(\.part) == partsInOrder, "renew with UPDATE_EXPECTED=1")
        for (old, new) in zip(written, counted) {
            // A single change may add some hundred lines to a small part.
            for (then, (now, least)) in zip(old.figures, zip(new.figures, [500, 500, 50])) {
                #expect(abs(then - now) <= max(then / 2, least), "\(new.part) had \(then) and has \(now): renew with UPDATE_EXPECTED=1")
            }
        }
    }
}
