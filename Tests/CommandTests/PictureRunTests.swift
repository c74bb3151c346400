import Foundation
import Interchange
import Testing

/// Any number of pictures on their way through a network, and what is told of each.
@Suite struct PictureRunTests {
    private let workplace: Workplace

    private static let network = """
        network n(classes = 5) {
            input image: f32[N, 3, 16, 16] prepare resize: 18, mean: [0.4, 0.5, 0.6], std: [0.25, 0.25, 0.25]
            output logits = image |> conv1: conv(8, 3) |> relu |> conv2: conv(8, 3, stride: 2) |> relu |> global_avg_pool |> flatten |> fc: linear(classes)
        }

        """

    init() throws {
        workplace = try Workplace()
        try workplace.write(Self.network, to: "net.braid")
        try workplace.makeFolder("pictures/b/deep")
        for (number, name) in ["1", "2", "b/3", "b/4", "b/deep/5", "b/deep/6", "c7"].enumerated() {
            try Self.picture(number).writePNG(to: workplace.path("pictures/\(name).png"))
        }
        try workplace.write("no picture", to: "pictures/notes.txt")
    }

    private static func picture(_ number: Int, width: Int = 30, height: Int = 24) -> Image {
        let pixels = (0..<width * height * 3).map { index in
            let (x, y, channel) = (index / 3 % width, index / 3 / width, index % 3)
            return UInt8(truncatingIfNeeded: x * (3 + number) + y * (7 + 2 * number) + channel * 31 * number + x * y)
        }
        return Image(width: width, height: height, channels: 3, pixels: pixels)
    }

    private static let sorted = ["1", "2", "b/3", "b/4", "b/deep/5", "b/deep/6", "c7"].map { "pictures/\($0).png" }

    private func lines(_ result: CommandResult) -> [String] { result.output.split(separator: "\n").map(String.init) }

    /// The last batch is not full; answers depend on neither threads nor on what else is in a batch.
    @Test func answersAFolderInOrder() throws {
        let all = try workplace.run(
            "run", "net.braid", "--input", "pictures", "--batch", "3", "--top", "2", "--format", "jsonl", "--threads", "2")
        #expect(all.status == 0, "\(all.errors)")
        #expect(all.errors.contains("7 pictures in") && all.errors.contains("in batches of 3"))
        let answers = lines(all)
        let objects = try answers.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
        #expect(objects.map { $0["path"] as? String } == Self.sorted)
        #expect(objects.allSatisfy { ($0["top"] as? [[String: Any]])?.count == 2 })
        #expect(Set(answers.map { $0.drop { $0 != "[" } }).count == 7)
        let one = try workplace.run(
            "run", "net.braid", "--input", "pictures", "--batch", "3", "--top", "2", "--format", "jsonl", "--threads", "1")
        #expect(one.output == all.output)
        let alone = try workplace.run("run", "net.braid", "--input", "pictures/c7.png", "--batch", "3", "--top", "2", "--format", "jsonl")
        #expect(lines(alone) == [answers[6]])
    }

    @Test func takesListsAndStandardInput() throws {
        let folder = try workplace.run("run", "net.braid", "--input", "image=pictures/", "--format", "csv", "-q")
        #expect(folder.status == 0 && !folder.errors.contains("pictures in"), "\(folder.errors)")
        #expect(lines(folder).first == "path,class_1,index_1,probability_1" && lines(folder).count == 8)
        let paths = Self.sorted.joined(separator: "\r\n\n") + "\n"
        try workplace.write(paths, to: "list.txt")
        let list = try workplace.run("run", "net.braid", "--input", "@list.txt", "--format", "csv", "--batch", "7")
        #expect(list.output == folder.output.replacing("pictures//", with: "pictures/"), "\(list.errors)")
        let input = try workplace.run(["run", "net.braid", "--input", "-", "--format", "csv", "--batch", "7"], input: paths)
        #expect(input.output == list.output, "\(input.errors)")
        let bytes = try workplace.run(line: "'\(Workplace.command.path)' run net.braid --input - --format csv --batch 7 < pictures/2.png")
        #expect(bytes.status == 0, "\(bytes.errors)")
        #expect(lines(bytes).last == lines(list)[2].replacing("pictures/2.png", with: "standard input"))
        let both = try workplace.run("run", "net.braid", "--input", "pictures/c7.png", "--input", "@list.txt")
        #expect(lines(both).count == 8 && lines(both).first?.hasPrefix("pictures/c7.png: class ") == true)
    }

    /// What cannot be read is named, and the others are answered.
    @Test func goesOnAfterADamagedPicture() throws {
        try workplace.write("no picture", to: "pictures/b/0.png")
        let run = try workplace.run("run", "net.braid", "--input", "pictures", "--input", "absent.png", "--batch", "4", "--json")
        #expect(run.status == 1)
        #expect(run.errors.contains("error: pictures/b/0.png") && run.errors.contains("error: absent.png: there is no such file"))
        #expect(run.errors.contains("2 pictures could not be answered"))
        let pictures = try #require(try run.json()["pictures"] as? [[String: Any]])
        #expect(
            pictures.count == 9
                && pictures.filter { $0["error"] != nil }.map { $0["path"] as? String } == ["pictures/b/0.png", "absent.png"])
        let summary = try #require(try run.json()["summary"] as? [String: Any])
        #expect(summary["pictures"] as? Int == 7 && summary["failed"] as? Int == 2)
        let text = try workplace.run("run", "net.braid", "--input", "pictures")
        #expect(text.status == 1 && lines(text).count == 7)
    }

    /// Whoever interrupts a run has all answers that were given, whole.
    @Test(arguments: [("--format jsonl", "INT", 130), ("--format csv", "TERM", 143), ("--json", "INT", 130)])
    func keepsAnswersWhenInterrupted(format: String, signal: String, status: Int) throws {
        try workplace.write(Self.sorted.joined(separator: "\n") + "\n", to: "list.txt")
        // The pipe stays open, so that the run waits for more pictures; an object is written when its buffer is full or the input rests.
        // What a test's process starts is deaf to all but SIGKILL, and whoever has the line's output is waited for.
        let line = """
            mkfifo paths
            (cat list.txt; exec sleep 60) > paths & writer=$!
            '\(Workplace.command.path)' run net.braid --input - \(format) --batch 2 < paths > answers 2> errors &
            run=$!
            while [ "$(grep -o png answers | wc -l)" -lt 7 ] && kill -0 $run 2>/dev/null; do sleep 0.05; done
            kill -\(signal) $run; wait $run; echo $?
            kill -KILL $writer
            """
        let result = try workplace.run(line: line)
        #expect(result.output == "\(status)\n", "\(result.errors)")
        let errors = try String(contentsOfFile: workplace.path("errors"), encoding: .utf8)
        #expect(errors.contains("7 pictures answered"), "\(errors)")
        let answers = try String(contentsOfFile: workplace.path("answers"), encoding: .utf8)
        switch format {
        case "--json":
            let object = try #require(try JSONSerialization.jsonObject(with: Data(answers.utf8)) as? [String: Any])
            #expect((object["pictures"] as? [Any])?.count == 7 && object["summary"] != nil)
        case "--format csv": #expect(answers.split(separator: "\n").count == 8 && answers.hasSuffix("\n"))
        default:
            let objects = try answers.split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) }
            #expect(objects.count == 7)
        }
    }

    @Test func namesClasses() throws {
        try workplace.write("cat\ndog\nsea, lion\n\"owl\"\nbat\n\n", to: "names.txt")
        try workplace.write(#"{"0": ["n1", "cat"], "1": "dog", "2": "sea, lion", "3": "\"owl\"", "4": "bat"}"#, to: "names.json")
        let text = try workplace.run("run", "net.braid", "--input", "pictures", "--top", "5", "--labels", "names.txt", "--format", "csv")
        #expect(text.status == 0, "\(text.errors)")
        #expect(lines(text)[1].contains("\"sea, lion\"") && lines(text)[1].contains("\"\"\"owl\"\"\"") && lines(text)[1].contains(",cat,"))
        let json = try workplace.run("run", "net.braid", "--input", "pictures", "--top", "5", "--labels", "names.json", "--format", "csv")
        #expect(json.output == text.output, "\(json.errors)")
        // A picture alone is told with bars.
        let one = try workplace.run("run", "net.braid", "--input", "pictures/1.png", "--top", "5", "--labels", "names.txt")
        #expect(one.output.contains("  sea, lion ") && one.output.contains("█"), "\(one.errors)")
        try workplace.write("cat\ndog\n", to: "few.txt")
        let few = try workplace.run("run", "net.braid", "--input", "pictures", "--labels", "few.txt")
        #expect(few.status == 1 && few.output.isEmpty)
        #expect(few.errors.contains("few.txt names 2 classes, but 'logits' of 'n' has 5"), "\(few.errors)")
        try workplace.write("cat\n\ndog\n", to: "gap.txt")
        #expect(try workplace.run("run", "net.braid", "--input", "pictures", "--labels", "gap.txt").errors.contains("line 2 is empty"))
    }

    @Test func refusesWhatIsNoPicture() throws {
        try workplace.makeFolder("empty")
        let values = HostTensor(name: "image", shape: [1, 3, 16, 16], floats: [Float](repeating: 0, count: 768))
        try NumPy.write(values, to: workplace.path("x.npy"))
        try workplace.write("\n\n", to: "blank.txt")
        for (arguments, told) in [
            (["--input", "empty"], "empty: there is no picture in the folder"),
            (["--input", "@absent.txt"], "absent.txt: there is no such file"),
            (["--input", "@blank.txt"], "blank.txt: the list names no picture"), (["--input", "-", "--input", "-"], "it is given twice"),
            (["--input", "x.npy", "--format", "csv"], "the array x.npy is no picture"),
            (["--input", "pictures", "--output-image", "out"], "gives neither pictures"),
        ] {
            let run = try workplace.run(["run", "net.braid"] + arguments)
            #expect(run.status == 1 && run.errors.contains(told) && run.output.isEmpty, "\(arguments): \(run.errors)")
        }
    }

    /// Each picture's arrays are those of a run on it alone, and are called after it.
    @Test func writesArraysOfEachPicture() throws {
        let run = try workplace.run("run", "net.braid", "--input", "pictures", "--output-dir", "out", "--batch", "1")
        #expect(run.status == 0, "\(run.errors)")
        for name in ["1", "b/deep/6"] {
            let alone = try workplace.run("run", "net.braid", "--input", "pictures/\(name).png", "--output-dir", "alone")
            #expect(alone.status == 0, "\(alone.errors)")
            let (values, own) = (
                try NumPy.read(workplace.path("out/\(name).logits.npy")), try NumPy.read(workplace.path("alone/logits.npy"))
            )
            #expect(values.shape == [5] && values.floats == own.floats)
        }
    }

    /// What is computed of one image depends on the others: each by itself, or those of one batch together.
    @Test func refusesNetworksThatMixImages() throws {
        try workplace.write(
            "network mixed { input image: f32[N, 3, 16, 16]; output y = image - (image |> mean([0], keep: true)) }\n", to: "mixed.braid")
        let run = try workplace.run("run", "mixed.braid", "--input", "pictures", "--batch", "2")
        #expect(run.status == 1 && run.errors.contains("looks at all images of a batch for each"), "\(run.errors)")
        #expect(run.output.isEmpty)
        let alone = try workplace.run("run", "mixed.braid", "--input", "pictures", "--batch", "1")
        #expect(alone.status == 0 && lines(alone).count == 7, "\(alone.errors)")
    }

    @Test func tellsOfInputsThatGiveNothing() throws {
        let empty = try workplace.run(["run", "net.braid", "--input", "-"], input: "\n")
        #expect(empty.status == 1 && empty.errors.contains("standard input: it names no picture"), "\(empty.errors)")
        let folder = try workplace.run(line: "'\(Workplace.command.path)' run net.braid --input - < pictures")
        #expect(folder.status == 1 && folder.errors.contains("standard input: it cannot be read"), "\(folder.errors)")
    }

    // MARK: Outputs that are pictures

    /// What is read is not replaced, and what one file cannot hold is told before any is written.
    @Test func picturesAreNotReplaced() throws {
        try workplace.write(
            "network same { input image: f32[N, 3, 24, 30]; output picture = image * 0.5 }\n", to: "same.braid")
        let bytes = { (path: String) in try Data(contentsOf: URL(fileURLWithPath: workplace.path(path))) }
        let before = try Self.sorted.map(bytes)
        for input in ["pictures", "pictures/1.png"] {
            let run = try workplace.run("run", "same.braid", "--input", input, "--output-image", "pictures")
            #expect(run.status == 1 && run.errors.contains("this is one of the pictures that are read"), "\(run.errors)")
        }
        let own = try workplace.run("run", "same.braid", "--input", "pictures/1.png", "--output-image", "pictures/1.png")
        #expect(own.status == 1 && own.errors.contains("this is one of the pictures that are read"), "\(own.errors)")
        let several = try workplace.run("run", "same.braid", "--input", "pictures", "--output-image", "pictures/c7.png")
        #expect(several.status == 1 && several.errors.contains("there are several"), "\(several.errors)")
        let grey = HostTensor(name: "image", shape: [2, 3, 24, 30], floats: [Float](repeating: 0.5, count: 4320))
        try NumPy.write(grey, to: workplace.path("picture.npy"))
        let array = try workplace.run("run", "same.braid", "--input", "picture.npy", "--output-image", "pictures/c7.png")
        #expect(array.status == 1 && array.errors.contains("there are several"), "\(array.errors)")
        let place = try workplace.run("run", "same.braid", "--input", "picture.npy", "--output-dir", ".")
        #expect(place.status == 1 && place.errors.contains("this is an input, which an output would replace"), "\(place.errors)")
        #expect(try Self.sorted.map(bytes) == before)
    }

    /// An input's normalization is undone, at each size that pictures have.
    @Test func writesPictures() throws {
        try workplace.write(
            """
            network same {
                input image: f32[N, 3, H, W] where H % 4 == 0, W % 4 == 0 prepare mean: [0.4, 0.5, 0.6], std: [0.25, 0.2, 0.3]
                output picture = image * 1.0
            }

            """, to: "same.braid")
        try workplace.makeFolder("sizes")
        let (small, large) = (Self.picture(1, width: 20, height: 16), Self.picture(2, width: 34, height: 24))
        try small.writePNG(to: workplace.path("sizes/small.png"))
        try large.writePNG(to: workplace.path("sizes/large.png"))
        try small.writePNG(to: workplace.path("sizes/small.jpg.png"))
        let run = try workplace.run("run", "same.braid", "--input", "sizes", "--output-image", "out")
        #expect(run.status == 0 && run.output.contains("→ out/large.png"), "\(run.errors)")
        #expect(try Image(path: workplace.path("out/small.png")) == small)
        #expect(try Image(path: workplace.path("out/large.png")) == large.cropped(x: 1, y: 0, width: 32, height: 24))
        let file = try workplace.run(
            "run", "same.braid", "--input", "sizes/small.png", "--output-image", "one.png", "--output-range", "0,2")
        #expect(file.status == 0, "\(file.errors)")
        let dark = try Image(path: workplace.path("one.png"))
        #expect(dark.width == 20 && dark != small)
        let several = try workplace.run("run", "same.braid", "--input", "sizes", "--output-image", "one.png")
        #expect(several.status == 1 && several.errors.contains("there are several"), "\(several.errors)")
    }

    /// The class of each pixel, in the palette's colours, with its name and part.
    @Test func writesMapsOfClasses() throws {
        try workplace.write("background\nred\ngreen\nblue\n", to: "names.txt")
        try workplace.write(
            """
            network mapped {
                input image: f32[N, 3, H, W]
                output scores labels "names.txt" = concat(max(image, [1], keep: true) * 0.0 + 0.3, image)
            }

            """, to: "map.braid")
        var image = Image(width: 8, height: 4, channels: 3)
        for x in 0..<4 { for y in 0..<4 { image[x, y, 0] = 255 } }
        image[7, 3, 2] = 255
        try image.writePNG(to: workplace.path("flag.png"))
        let run = try workplace.run("run", "map.braid", "--input", "flag.png", "--output-image", "out", "--format", "jsonl")
        #expect(run.status == 0, "\(run.errors)")
        let classes = try #require(try run.json()["classes"] as? [[String: Any]])
        #expect(classes.map { $0["name"] as? String } == ["red", "background", "blue"])
        #expect(classes.map { $0["color"] as? String } == ["#800000", "#000000", "#808000"])
        #expect(classes.map { $0["share"] as? Double } == [0.5, 0.46875, 0.03125])
        let map = try Image(path: workplace.path("out/flag.png"))
        #expect([map[0, 0, 0], map[0, 0, 1], map[7, 3, 0], map[7, 3, 1], map[5, 0, 0]] == [128, 0, 128, 128, 0])
        let text = try workplace.run("run", "map.braid", "--input", "flag.png", "--output-image", "out")
        #expect(
            text.output == "flag.png: red 50.0 % #800000, background 46.9 % #000000, blue 3.1 % #808000  → out/flag.png\n", "\(text.errors)"
        )
    }
}
