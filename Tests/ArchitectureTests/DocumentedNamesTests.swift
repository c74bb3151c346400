import Foundation
import Testing

/// What documentation names exists: files and scripts anywhere, and all types, functions and properties within
/// `<!-- checked: names -->` … `<!-- end -->`.
@Suite struct DocumentedNamesTests {
    private static let pages = ["README.md", "CONTRIBUTING.md", "Sources/README.md", "Tests/README.md", "docs/tour.md", "CHANGELOG.md"]

    private static func text(_ page: String) throws -> String {
        try String(contentsOf: packageRoot.appending(path: page), encoding: .utf8)
    }

    /// What stands between single backquotes outside of fenced blocks.
    private static func quoted(_ text: String) -> [String] {
        var isFenced = false
        return text.split(separator: "\n").flatMap { line -> [String] in
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced, !line.hasPrefix("```") else { return [] }
            let pieces = line.split(separator: "`", omittingEmptySubsequences: false)
            return pieces.indices.filter { $0 % 2 == 1 }.map { String(pieces[$0]) }
        }
    }

    /// The paths of all files that are documentation or source, from the package's root.
    private static let files: [String] = {
        let tops = ["Sources", "Tests", "docs", "graphs", "generated", "script", "editors"]
        let own = ["README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Package.swift", ".swift-format", ".ci/run"]
        return own
            + tops.flatMap { top -> [String] in
                let names =
                    FileManager.default.enumerator(atPath: packageRoot.appending(path: top).path)?.compactMap { $0 as? String } ?? []
                return [top] + names.map { "\(top)/\($0)" }
            }
    }()

    private static func exists(_ path: String) -> Bool {
        let path = path.hasSuffix("/") ? String(path.dropLast()) : path
        return files.contains { $0 == path || $0.hasSuffix("/" + path) }
    }

    /// Links to files, and quoted names of Swift files.
    @Test(arguments: pages) func namesFilesThatExist(page: String) throws {
        let text = try Self.text(page)
        let folder = page.split(separator: "/").dropLast().joined(separator: "/")
        for link in text.matches(of: /\]\(([^)#\s]+)(#[^)]*)?\)/).map({ String($0.1) }) where !link.contains("://") {
            let target = packageRoot.appending(path: folder).appending(path: link)
            #expect(FileManager.default.fileExists(atPath: target.path), "\(page) links to \(link), which is not there")
        }
        for name in Self.quoted(text) where name.wholeMatch(of: /[A-Za-z\/]+\.swift|(script|graphs|docs|generated)\/[a-z0-9_.\/]+/) != nil {
            #expect(Self.exists(name), "\(page) names \(name), which is not there")
        }
    }

    /// The declarations of all sources: the types, and what each file that declares or extends a type declares.
    private struct Declarations {
        /// The texts of the files that declare or extend a type.
        var texts: [Substring: [String]] = [:]
        /// Every function, property, case and type.
        var members: [Substring: Set<Int>] = [:]
        private var all: [String] = []
        private static let typeKeywords: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "extension"]
        private static let isOfWords = (0..<256).map { $0 >= 128 || Character(UnicodeScalar(UInt8($0))).isOfWords }
        private static let memberKeywords: Set<Substring> = ["func", "var", "let", "case"]

        init() throws {
            for file in swiftFiles(under: "Sources") {
                let text = try String(contentsOf: file, encoding: .utf8)
                // Word by word: expressions that search all sources take ten times as long.
                var before: Substring = ""
                for bytes in text.utf8.split(whereSeparator: { !Self.isOfWords[Int($0)] }) {
                    let word = Substring(bytes)
                    if Self.typeKeywords.contains(before), word.first?.isUppercase == true {
                        for part in word.split(separator: ".") { texts[part, default: []].append(text) }
                    }
                    if Self.memberKeywords.contains(before) { members[word, default: []].insert(all.count) }
                    before = word
                }
                all.append(text)
            }
        }

        /// Whether `name` is declared: a type, `Type.member`, `member` or the name of a pass or stage.
        func declares(_ name: Substring) -> Bool {
            let parts = name.split(separator: ".")
            guard let last = parts.last else { return false }
            if parts.count == 1 {
                return texts[last] != nil || members[last] != nil || all.contains { $0.contains("\"\(last)\"") }
            }
            guard let holders = texts[parts[parts.count - 2]] else { return false }
            return holders.contains { text in
                ["func", "var", "let", "case", "struct", "class", "enum"].contains { keyword in
                    text.contains("\(keyword) \(last)(") || text.contains("\(keyword) \(last):") || text.contains("\(keyword) \(last) ")
                        || text.contains("\(keyword) \(last)<") || text.contains("\(keyword) \(last)\n")
                }
            }
        }
    }

    @Test func namesDeclarationsThatExist() throws {
        let declarations = try Declarations()
        #expect(!declarations.declares("NoSuchType") && !declarations.declares("RegisterTile.noSuchMember"))
        #expect(declarations.declares("RegisterTile.best"))
        var parts = try Self.text("Sources/README.md").components(separatedBy: "<!-- checked: names -->").dropFirst()
        #expect(parts.count >= 2)
        var count = 0
        while let part = parts.popFirst() {
            let text = try #require(part.components(separatedBy: "<!-- end -->").first)
            for name in Self.quoted(text) {
                // Examples of the language and commands are no names.
                guard name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_.\/]*/) != nil else { continue }
                count += 1
                #expect(
                    Self.exists(name) || declarations.declares(name[...]), "Sources/README.md names \(name), which no source declares")
            }
        }
        #expect(count > 80)
    }
}

extension Character {
    fileprivate var isOfWords: Bool { isLetter || isNumber || self == "_" || self == "." }
}
