import Foundation
import TestSupport
import Testing
import Training

/// The README and the tour are true: all their commands are run, in order and in one folder, and print what the pages show.
///
/// A plain run trains on few digits and measures once; with `script/test --all` everything is done as it is written.
@Suite struct TourTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    private static let isWhole = Exhaustive.isOn

    private static func lines(of page: String) throws -> [String] { try FencedBlock.lines(of: root.appending(path: page)) }

    /// The same command with less to do: 480 digits in place of all, one run in place of seconds of them.
    private static func reduced(_ command: String) -> String {
        var command = command
        if command.hasPrefix("braid train ") || command.hasPrefix("braid evaluate ") {
            command = command.replacing("--data builtin:digits", with: "--data mnist:data")
        }
        if command.hasPrefix("braid bench ") { command += " --seconds 0 --runs 1" }
        return command
    }

    @Test func everythingShownIsPrinted() throws {
        let workplace = try Workplace()
        try workplace.writeTinyTraining()
        try FileManager.default.createSymbolicLink(
            atPath: workplace.path("graphs"), withDestinationPath: Self.root.appending(path: "graphs").path)
        let folder = Workplace.command.deletingLastPathComponent().path
        var results: [String: CommandResult] = [:]
        for page in ["README.md", "docs/tour.md"] {
            let transcripts = Transcript.all(in: try Self.lines(of: page))
            #expect(transcripts.count >= 3, "\(page) shows no commands")
            for step in transcripts {
                if step.reason != nil { continue }
                let command = Self.isWhole ? step.command : Self.reduced(step.command)
                // What both pages show is run once.
                let result = try results[command] ?? workplace.run(line: "PATH='\(folder)':$PATH\n\(command)")
                results[command] = result
                // Progress and notes are no part of what is shown; diagnostics are.
                let printed = step.status == 0 ? result.output : result.errors + result.output
                #expect(result.status == step.status, "\(page), \(step): \(result.errors)\(result.output)")
                if result.status != step.status { return }
                let difference = step.difference(from: printed)
                #expect(difference == nil, "\(page), \(step): \(difference ?? "")\n\(printed)")
            }
        }
    }

    /// What is not run says why, and is of a command that there is.
    @Test func whatIsLeftOutSaysWhy() throws {
        for page in ["README.md", "docs/tour.md"] {
            for step in Transcript.all(in: try Self.lines(of: page)) {
                if let reason = step.reason { #expect(reason.count > 10, "\(page), \(step)") }
            }
        }
    }

    /// A block that names a file shows the whole of it.
    @Test func filesAreShownAsTheyAre() throws {
        var count = 0
        for page in ["README.md", "docs/tour.md"] {
            for block in FencedBlock.all(in: try Self.lines(of: page)) where block.kind.hasPrefix("braid graphs/") {
                let file = Self.root.appending(path: String(block.kind.dropFirst(6)))
                #expect(block.text == (try String(contentsOf: file, encoding: .utf8)), "\(page) shows \(block.kind)")
                count += 1
            }
        }
        #expect(count >= 1)
    }

    @Test(arguments: [
        (["a 1"], "a 1\n", false, true), (["a 1"], "a 2\n", false, false), (["a 1"], "a 2\n", true, true),
        (["a", "…"], "a\nb\nc\n", false, true),
        (["…", "c"], "a\nb\nc\n", false, true), (["…", "b"], "a\nb\nc\n", false, false), (["a", "…", "d"], "a\nb\nc\n", false, false),
        (["a"], "a\nb\n", false, false), (["a", "b"], "a\n", false, false), ([], "a\n", false, true), (["a … c"], "a b c\n", false, true),
        (["a … c"], "a b\n", false, false), (["took 3.1 ms █▌"], "took 12 s\n", true, true), (["7  99.8 %  ██"], "7  3.5 %\n", true, true),
        (["took 3.1 ms"], "takes 12 s\n", true, false), (["a", "b"], "b\na\n", false, false),
        (["a", "…", "b", "c"], "a\nb\nx\nb\nc\n", false, true),
    ])
    func compares(shown: [String], printed: String, varies: Bool, isSame: Bool) {
        let step = Transcript(command: "x", output: shown, line: 1, varies: varies)
        #expect((step.difference(from: printed) == nil) == isSame)
    }

    @Test func readsBlocks() {
        let page = """
            ```console
            $ cat > a <<'EOF'
            $ text
            EOF
            $ one \\
                two
            three
            ```
            ```console varies fails
            $ false
            ```
            ```console left out: it takes hours
            $ sleep 9999
            ```
            ```text
            $ no command
            ```
            """
        let found = Transcript.all(in: page.split(separator: "\n").map(String.init))
        #expect(found.map(\.command) == ["cat > a <<'EOF'\n$ text\nEOF", "one \\\n    two", "false", "sleep 9999"])
        #expect(found.map(\.output) == [[], ["three"], [], []] && found.map(\.status) == [0, 0, 1, 0])
        #expect(found.map(\.varies) == [false, false, true, false] && found[3].reason == "it takes hours")
    }
}
