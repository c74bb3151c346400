import Foundation
import Testing

/// `braid view`: the page that it writes, and what it says where it cannot.
@Suite struct ViewTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func view(_ more: String...) throws -> CommandResult { try workplace.run(["view", "tiny.braid"] + more) }

    @Test func writesAPage() throws {
        let result = try view()
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(result.output.hasPrefix("wrote tiny.html: ") && result.output.hasSuffix("KiB\n"), "\(result.output)")
        let page = String(decoding: try workplace.bytes("tiny.html"), as: UTF8.self)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<title>tiny · braid</title>") && page.hasSuffix("</html>\n"))
        // In a folder it has the network's name.
        #expect(try view("-o", "data").output.hasPrefix("wrote data/tiny.html: "))
        #expect(try workplace.names() == ["tiny.braid", "data", "tiny.html"])
    }

    /// The same network gives the same bytes, in every process.
    @Test func pagesAreTheSameBytes() throws {
        for name in ["one.html", "other.html"] {
            let result = try view("-o", name, "--threads", "2", "--target", "x86-64-avx2", "--untuned")
            #expect(result.status == 0, "\(result.errors)")
        }
        #expect(try workplace.bytes("one.html") == workplace.bytes("other.html"))
    }

    /// As one object for other programs: nothing is written but where that is asked for.
    @Test func printsWhatItShows() throws {
        let record = try view("--json", "--training", "--target", "x86-64-avx2", "--untuned").json()
        let overview = try #require(record["overview"] as? [String: Any])
        #expect(overview["training"] as? Bool == true && overview["batch"] as? Int == 16 && overview["target"] as? String == "x86-64-avx2")
        let passes = try #require((record["texts"] as? [String: Any])?["passes"] as? [[String: Any]])
        #expect(passes.compactMap { $0["name"] as? String }.starts(with: ["graph", "decompose", "pool_first", "differentiate", "update"]))
        #expect(try workplace.names() == ["tiny.braid", "data"])
        #expect(try view("--json", "-o", "tiny.html").json()["overview"] != nil)
        #expect(try workplace.names() == ["tiny.braid", "data", "tiny.html"])
    }

    /// What a watched training measured is told of the layers that it belongs to; the table of another network is refused.
    @Test func showsWhatWasWatched() throws {
        let trained = try workplace.run(
            "train", "tiny.braid", "--data", "mnist:data", "-o", "tiny", "--epochs", "1", "--watch", "gradients", "--quiet")
        #expect(trained.status == 0, "\(trained.errors)")
        let overview = try #require(try view("--watched", "tiny.layers.csv", "--json").json()["overview"] as? [String: Any])
        let measured = try #require(overview["measurements"] as? [String: Any])
        let layers = try #require(measured["layers"] as? [[String: Any]])
        #expect((measured["steps"] as? [Int])?.first == 1 && layers.map { $0["name"] as? String } == ["first", "norm", "fc"])
        #expect(layers.allSatisfy { ($0["nodes"] as? [Int])?.count == 1 })
        let table = String(decoding: try workplace.bytes("tiny.layers.csv"), as: UTF8.self)
        try workplace.write(table.replacing(",first,", with: ",other,"), to: "other.csv")
        let refused = try view("--watched", "other.csv")
        #expect(refused.status == 1 && refused.errors.contains("has 'other', which is no layer of 'tiny'"), "\(refused.errors)")
        try workplace.write(table + "7,1,fc\n8,1,fc,1,1,1,1,1,1,1,1,1\n", to: "broken.csv")
        let broken = try view("--watched", "broken.csv")
        #expect(broken.status == 1 && broken.errors.contains("this is no row of a table of watched layers"), "\(broken.errors)")
        #expect(try !workplace.names().contains("tiny.html"))
    }

    /// Measured kernels have times, and code where it is asked for.
    @Test func showsWhatWasMeasured() throws {
        let record = try view("--profile", "--seconds", "0", "--code", "--json", "--threads", "1").json()
        let overview = try #require(record["overview"] as? [String: Any])
        let steps = try #require((overview["plan"] as? [String: Any])?["steps"] as? [[String: Any]])
        #expect(steps.allSatisfy { (($0["time"] as? [String: Any])?["fastest_ms"] as? Double ?? 0) > 0 })
        #expect((overview["profile"] as? [String: Any])?["threads"] as? Int == 1)
        let kernels = try #require((record["texts"] as? [String: Any])?["kernels"] as? [[String: Any]])
        #expect(kernels.allSatisfy { ($0["llvm"] as? [String])?.contains { $0.contains("define") } == true && $0["assembly"] != nil })
    }
}
