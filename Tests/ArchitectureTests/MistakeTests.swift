import Foundation
import Testing

/// Whatever a part lets out as an error is a `Mistake`, so that all are reported by the same lines.
@Suite struct MistakeTests {
    @Test func publicErrorsAreMistakes() throws {
        let declaration = #/public (?:struct|enum|final class|class) ([A-Za-z]+)\s*:\s*([^{]*)\{/#
        var mistakes = 0
        for file in swiftFiles(under: "Sources") {
            let text = try String(contentsOf: file, encoding: .utf8)
            guard text.contains("Error") || text.contains("Mistake") else { continue }
            for match in text.matches(of: declaration) {
                let parents = match.2.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
                if parents.contains("Mistake") { mistakes += 1 }
                #expect(!parents.contains("Error"), "\(match.1) in \(file.lastPathComponent) is an error, and no Mistake")
            }
        }
        #expect(mistakes >= 15)
    }
}
