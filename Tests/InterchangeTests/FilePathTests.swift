import Foundation
import Testing

@testable import Interchange

@Suite struct FilePathTests {
    @Test(arguments: [
        ("a", "", "a"), ("é", "", "é"), ("a/b", "a", "b"), ("/a", "/", "a"), ("/", "/", ""), ("a/b/", "a", "b"), ("a//b", "a", "b"),
        ("", "", ""),
        ("//a", "/", "a"), (".", "", "."), ("a/b.c/d.e.f", "a/b.c", "d.e.f"),
    ])
    func parts(path: String, folder: String, name: String) {
        #expect(FilePath.folder(of: path) == folder && FilePath.name(of: path) == name)
    }

    @Test func stems() {
        for (path, stem) in [("a/b.png", "b"), ("b", "b"), (".hidden", ".hidden"), ("a.b/c", "c"), ("x.tar.gz", "x.tar"), ("é.npy", "é")] {
            #expect(FilePath.stem(of: path) == stem)
        }
        #expect(FilePath.joined("", "a") == "a" && FilePath.joined("/", "a") == "/a" && FilePath.joined("b", "a") == "b/a")
        #expect(FilePath.plain("a b/ü-1.x") == "a_b__-1.x")
    }

    @Test func distinctNames() {
        var names = DistinctNames()
        let wishes = ["a", "a", "a-2", "a", "b", "a-2"]
        #expect(wishes.map { names.name($0) } == ["a", "a-2", "a-2-2", "a-3", "b", "a-2-3"])
    }

    /// A file of one character, and one that the result is made of.
    @Test func outputsReplaceNoInputs() throws {
        let folder = TemporaryFolder()
        try AtomicFile.write(Data([1]), to: folder("in"))
        try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: folder("in"))
        for path in ["in", "link", "./in"] {
            checkFailure("this is what the result is made of") {
                try OutputPath.requireWritable(folder(path), besides: [folder("none"), folder("in")])
            }
        }
        try OutputPath.requireWritable(folder("o"), besides: [folder("in")])
        try OutputPath.requireWritable(folder("in"), besides: [folder("o")])
    }
}
