import Foundation
import Graph
import Interchange
import Testing

@testable import Training

@Suite struct DatasetListTests {
    private let folder = DatasetTestFolder()

    init() throws {
        for (name, value) in [("a.png", 10), ("b, c.png", 20), ("sub/d.png", 30), ("e.JPG", 40)] as [(String, UInt8)] {
            try folder.write(Image(width: 2, height: 1, channels: 1, filledWith: value).encodedPNG(), to: name)
        }
    }

    private func open(
        _ text: String, to name: String = "list.csv", _ part: Dataset.Part = .training, options: DatasetOptions = DatasetOptions()
    ) throws -> Dataset {
        try folder.write(Data(text.utf8), to: name)
        return try DatasetSpecification(parsing: "csv:\(folder.path)/\(name)").open(part, options: options)
    }

    private func values(_ dataset: Dataset) -> [UInt8] { (0..<dataset.count).map { dataset.image($0)[0, 0] } }

    @Test(arguments: [
        "a.png,cat\n\"b, c.png\",dog\nsub/d.png,cat\n", "path,label\r\na.png, cat\r\n\"b, c.png\" ,\"dog\"\r\n\r\nsub/d.png,cat,\r\n",
        "\u{feff},label,split,image\n0,cat,x,a.png\n1,dog,y,\"b, c.png\"\n2,cat,z,sub/d.png",
        "Filename,Class\n./a.png,cat\n\"b, c.png\",dog\nsub/../sub/d.png,cat\n",
    ])
    func readsLists(text: String) throws {
        let dataset = try open(text)
        #expect(dataset.classNames == ["cat", "dog"] && dataset.labels == [0, 1, 0])
        #expect(values(dataset) == [10, 20, 30])
        #expect(dataset.extents == ImageExtents(channels: 1, height: 1, width: 2))
    }

    /// Where a target takes numbers: as many a row are those, other texts are classes, several a picture; more than fit are refused.
    @Test func readsNumbersAndSeveralClasses() throws {
        var options = DatasetOptions()
        options.wish = .numbers(2)
        let numbers = try open("a.png,0.5,-2\nsub/d.png,1e-3,7\n", options: options)
        #expect(numbers.truth == .numbers([0.5, -2, 1e-3, 7], columns: ["0", "1"]))
        let several = try open("a.png,dog,cat\nsub/d.png,cat\n", options: options)
        #expect(several.truth == .numbers([1, 1, 1, 0], columns: ["cat", "dog"]) && several.labels == [1, 0])
        let error = try #require(throws: InterchangeError.self) { try open("a.png,dog,cat\nsub/d.png,cow\n", options: options) }
        #expect(error.message == "there are 3 classes, but the target takes 2")
    }

    /// A class of a large number makes many classes, and no share of each for every row where no target takes them.
    @Test func keepsNoSharesOfClasses() throws {
        let dataset = try open("a.png,65535\nsub/d.png,0\n")
        #expect(dataset.truth == nil && dataset.classNames.count == 65_536 && dataset.labels == [65_535, 0])
    }

    @Test func boundsTheRowsThatCannotBeUsed() throws {
        let text = "a.png,cat\n" + String(repeating: "a.png\n", count: 250_001)
        checkDatasetFailure("more than 250000 rows of the list cannot be used; write rows path,label") { _ = try open(text) }
    }

    /// Where most rows have the numbers that are wanted, one that has not is named, and makes no classes of all.
    @Test func namesRowsWithoutTheirNumbers() throws {
        var options = DatasetOptions()
        options.wish = .numbers(2)
        for (row, message) in [
            ("e.JPG,1", "line 3: there is 1 number behind the path, not 2 as in most rows; write 2 numbers behind the path"),
            ("e.JPG,1,2,3", "line 3: there are 3 numbers behind the path"), ("e.JPG,1,O.5", "line 3: O.5 is no finite number"),
            ("e.JPG,1,inf", "line 3: inf is no finite number"), (",1,2", "line 3: there is no path of a picture"),
        ] {
            let text = "a.png,0,1\nsub/d.png,1,0\n\(row)\n"
            checkDatasetFailure(message) { _ = try open(text, options: options) }
            var skipping = options
            skipping.skipsBroken = true
            let rest = try open(text, options: skipping)
            #expect(rest.truth == .numbers([0, 1, 1, 0], columns: ["0", "1"]) && values(rest) == [10, 30])
        }
    }

    /// Labels are names where weights remember such names, though they be numbers; numbers are places where none is a name.
    @Test func findsRememberedClassesByName() throws {
        func labels(_ names: [String], _ text: String) throws -> [Int32] {
            try open(text, options: DatasetOptions(classNames: names)).labels
        }
        #expect(try labels(["1", "2", "none"], "a.png,1\ne.JPG,2\n") == [0, 1])
        #expect(try labels(["1", "2", "none"], "a.png,none\ne.JPG,2\n") == [2, 1])
        #expect(try labels(["0", "1", "2"], "a.png,1\ne.JPG,2\n") == [1, 2])
        #expect(try labels(["cat", "dog"], "a.png,1\ne.JPG,0\n") == [1, 0])
        checkDatasetFailure("line 2: the class 3 is not among those that were trained; use one of 1, 2, none") {
            _ = try labels(["1", "2", "none"], "a.png,1\ne.JPG,3\n")
        }
        let numbered = Dataset(
            name: "d", isSynthetic: true, classNames: ["0", "1", "2"], extents: ImageExtents(channels: 1, height: 1, width: 1),
            pixels: [1, 2], labels: [1, 2])
        #expect(numbered.named(as: ["1", "2", "none"]).labels == [0, 1])
        #expect(numbered.named(as: ["cat", "dog", "cow"]).labels == [1, 2])
    }

    @Test func readsNumbersAsClasses() throws {
        let dataset = try open("a.png,3\ne.JPG,0\n")
        #expect(dataset.classNames == ["0", "1", "2", "3"] && dataset.labels == [3, 0] && values(dataset) == [10, 40])
        // Absolute paths, and numbers among names.
        let names = try open("\(folder.path)/a.png,3\ne.JPG,three\n")
        #expect(names.classNames == ["3", "three"] && names.labels == [0, 1])
    }

    @Test func readsTwoLists() throws {
        try folder.write(Data("a.png,2\n".utf8), to: "train.csv")
        try folder.write(Data("e.JPG,4\n".utf8), to: "val.csv")
        let specification = DatasetSpecification.csv(folder.path)
        for part in [Dataset.Part.training, .heldOut] { #expect(try specification.open(part).classNames == ["0", "1", "2", "3", "4"]) }
        #expect(try values(specification.open(.heldOut)) == [40])
        try folder.write(Data("a.png,cat\nsub/d.png,ant\n".utf8), to: "train.csv")
        try folder.write(Data("e.JPG,cat\n".utf8), to: "val.csv")
        #expect(try specification.open(.heldOut).labels == [1])
        try folder.write(Data("e.JPG,cat\na.png,cow\n".utf8), to: "val.csv")
        checkDatasetFailure("val.csv, line 2: the class cow is not among those that were trained; use one of ant, cat, or leave it out") {
            _ = try specification.open(.heldOut)
        }
        checkDatasetFailure("write csv:") { _ = try DatasetSpecification(parsing: folder.path) }
    }

    @Test(arguments: [
        ("", "the list holds no picture; write lines path,label"), ("path,label\n", "the list holds no picture"),
        ("a.png\n", "line 1: there is no label behind the path; write path,label"), ("a.png,\n", "line 1: there is no label"),
        ("a.png,0\n,1\n", "line 2: there is no path of a picture"), ("a.png;0\n", "line 1: the fields are separated by ';'"),
        ("a.png\t0\n", "separated by tabs"),
        ("a.png,0,1\n", "line 1: the picture has 2 labels, and this network is trained on one class a picture"),
        ("a.png,0\ne.JPG,-1\n", "line 2: -1 is not a class from 0 to 65535; number the classes from 0, or leave it out with --skip-broken"),
        ("a.png,0\ne.JPG,70000\n", "70000 is not a class"), ("a.png,0\ne.JPG,9223372036854775807\n", "is not a class"),
        ("a.png,0\nabsent.png,1\n", "absent.png: there is no such file; check the path, or leave it out"),
        ("a.png,\"0\n", "a quote does not end"),
        ("a.png,0\n/dev/zero,0\n", "/dev/zero: this is not a regular file"), ("a.png,0\nsub,0\n", "sub: this is a folder"),
    ])
    func refuses(text: String, message: String) {
        checkDatasetFailure(message) { _ = try open(text) }
    }

    @Test func refusesOtherFiles() throws {
        checkDatasetFailure("there is no such file or folder") { _ = try DatasetSpecification.csv("/tmp/none.csv").open(.training) }
        checkDatasetFailure("there is no train.csv in the folder; add one, or name the list itself") {
            _ = try DatasetSpecification.csv(folder.path).open(.training)
        }
        checkDatasetFailure("one list has no held-out part; name a folder that holds train.csv and val.csv") {
            _ = try open("a.png,0\n", .heldOut)
        }
        _ = try open("a.png,0\n", to: "train.csv")
        checkDatasetFailure("there is no val.csv or test.csv in the folder") {
            _ = try DatasetSpecification.csv(folder.path).open(.heldOut)
        }
        try folder.write(Data([0x61, 0xff, 0x2c, 0x30]), to: "bad.csv")
        checkDatasetFailure("bad.csv, line 1: the text is not UTF-8") {
            _ = try DatasetSpecification.csv("\(folder.path)/bad.csv").open(.training)
        }
    }

    /// What cannot be read is named, all of it; or left out and named.
    @Test func namesBrokenPictures() throws {
        try folder.write(Data("GIF89a".utf8), to: "g.gif")
        try folder.write(Data([0xff, 0xd8, 0xff]), to: "cut.jpg")
        let text = "cut.jpg,0\na.png,1\nabsent.png,0\ng.gif,0\ne.JPG,-4\nsub/d.png,2\n"
        do {
            _ = try open(text)
            Issue.record("nothing was thrown")
        } catch let error as InterchangeError {
            #expect(error.message == "4 of 6 pictures cannot be read")
            #expect(error.repair == "repair them, or leave them out with --skip-broken")
            let parts = [
                "line 5: -4 is not a class", "cut.jpg: the JPEG data cannot be decoded", "absent.png: there is no such file",
                "g.gif, byte 0: this is no picture",
            ]
            #expect(error.notes.count == 4)
            for (note, part) in zip(error.notes, parts) { #expect(note.contains(part), "\(note)") }
            #expect("\(error)".contains(error.notes[3]))
        }
        for extents in [nil, ImageExtents(channels: 1, height: 1, width: 2)] {
            let dataset = try DatasetSpecification.csv("\(folder.path)/list.csv")
                .open(.training, extents: extents, options: DatasetOptions(skipsBroken: true))
            #expect(dataset.labels == [1, 2] && values(dataset) == [10, 30] && dataset.classNames == ["0", "1", "2"])
            #expect(dataset.skipped.count == 4 && dataset.skipped.map(\.finding).contains { $0.contains("g.gif, byte 0") })
        }
        checkDatasetFailure("none of the 2 pictures can be read") {
            _ = try open("cut.jpg,0\nabsent.png,1\n", options: DatasetOptions(skipsBroken: true))
        }
    }
}
