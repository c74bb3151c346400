import Foundation
import Interchange
import Testing

/// Data sets on the command line.
@Suite struct DataTests {
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    private func write(_ bytes: some ContiguousBytes, to name: String) throws {
        try workplace.makeFolder((name as NSString).deletingLastPathComponent)
        try AtomicFile.write(bytes, to: workplace.path(name))
    }

    /// A folder of bright and dark pictures, one of which is cut off in each part.
    private func writePictures() throws {
        for part in ["train", "val"] {
            for (name, value) in [("dark", 20), ("light", 220)] as [(String, UInt8)] {
                for index in 0..<4 {
                    let bytes = Image(width: 8, height: 8, channels: 1, filledWith: value + UInt8(index)).encodedPNG()
                    try write(bytes, to: "photos/\(part)/\(name)/\(index).png")
                }
            }
            let whole = Image(width: 8, height: 8, channels: 1, filledWith: 9).encodedPNG()
            try write(whole.prefix(whole.count / 2), to: "photos/\(part)/dark/cut.png")
        }
    }

    private static let network = """
        network n {
            input image: f32[N, 1, 8, 8]
            output logits = image |> flatten |> fc: linear(2)
        }
        training of n {
            target label: i32[N]
            loss cross_entropy(logits, label)
            optimizer sgd
            schedule constant(0.1)
            batch 2
        }

        """

    /// Pictures that cannot be read end a run, or are left out of every command's work.
    @Test func leavesBrokenPicturesOut() throws {
        try writePictures()
        try workplace.write(Self.network, to: "net.braid")
        let train = ["train", "net.braid", "--data", "folder:photos", "--epochs", "2", "-o", "out"]
        let refused = try workplace.run(train)
        #expect(refused.status == 1 && refused.errors.contains("photos/train/dark/cut.png: the PNG data cannot be decoded"))
        #expect(refused.errors.contains("or leave it out with --skip-broken"))
        let trained = try workplace.run(train + ["--skip-broken"])
        #expect(trained.status == 0, "\(trained.errors)")
        for part in ["training", "held-out"] {
            let text = "warning: 1 of the 9 \(part) pictures of folder:photos cannot be read and is left out; 8 are left"
            #expect(trained.errors.contains(text), "\(trained.errors)")
        }
        #expect(trained.errors.contains("note: photos/val/dark/cut.png: the PNG data cannot be decoded"))
        let evaluate = ["evaluate", "net.braid", "--weights", "out.safetensors", "--data", "folder:photos", "--json"]
        #expect(try workplace.run(evaluate).status == 1)
        let record = try workplace.run(evaluate + ["--skip-broken"]).json()
        #expect(record["count"] as? Int == 8)
        #expect((record["classes"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["dark", "light"])
        try write(Data([0xff, 0xd8]), to: "photos/train/light/\u{1B}[31m.jpg")
        let several = try workplace.run("data", "show", "folder:photos")
        #expect(several.status == 1 && several.errors.contains("photos/train: 2 of 10 pictures cannot be read"), "\(several.errors)")
        #expect(several.errors.contains("note: photos/train/dark/cut.png") && !several.errors.contains("\u{1B}"))
    }

    /// The same pictures give the same weights from a folder, a list and arrays.
    @Test func trainsOnEveryKind() throws {
        var (lists, pixels, labels): ([String: String], [UInt8], [UInt8]) = ([:], [], [])
        for part in ["train", "val"] {
            (pixels, labels) = ([], [])
            for (name, value) in [("0", 20), ("1", 220)] as [(String, UInt8)] {
                for index in 0..<4 {
                    let image = Image(width: 8, height: 8, channels: 1, filledWith: value + UInt8(index))
                    try write(image.encodedPNG(), to: "photos/\(part)/\(name)/\(index).png")
                    lists[part, default: "path,label\n"] += "photos/\(part)/\(name)/\(index).png,\(name)\n"
                    pixels += image.pixels
                    labels += [UInt8(name)!]
                }
            }
            try workplace.write(lists[part]!, to: "\(part).csv")
            try write(NumPy.encode(HostTensor(element: .u8, shape: [8, 8, 8], bytes: pixels)), to: "arrays/x_\(part).npy")
            try write(NumPy.encode(HostTensor(element: .u8, shape: [8], bytes: labels)), to: "arrays/y_\(part).npy")
        }
        try workplace.write(Self.network, to: "net.braid")
        for (name, data) in [("folder", "folder:photos"), ("list", "csv:."), ("arrays", "numpy:arrays")] {
            let trained = try workplace.run("train", "net.braid", "--data", data, "--epochs", "2", "-o", "\(name)-weights")
            #expect(trained.status == 0, "\(trained.errors)")
        }
        let weights = try workplace.bytes("folder-weights.safetensors")
        #expect(try workplace.bytes("list-weights.safetensors") == weights && workplace.bytes("arrays-weights.safetensors") == weights)
    }

    /// A share of the data is held out, and evaluation knows which one from the weights, as it knows the classes' names.
    @Test func holdsOutAShare() throws {
        for (name, value) in [("dark", 20), ("light", 220)] as [(String, UInt8)] {
            for index in 0..<10 {
                let image = Image(width: 8, height: 8, channels: 1, filledWith: value + UInt8(index))
                try write(image.encodedPNG(), to: "photos/\(name)/\(index).png")
            }
        }
        try workplace.write(Self.network, to: "net.braid")
        let train = ["train", "net.braid", "--data", "folder:photos", "--epochs", "2", "--seed", "5", "-o", "out"]
        let refused = try workplace.run(train)
        #expect(refused.status == 1 && refused.errors.contains("hold out a share: --held-out 0.1"), "\(refused.errors)")
        let trained = try workplace.run(train + ["--held-out", "0.2"])
        #expect(trained.status == 0 && trained.output.contains("16 pictures to learn from, 4 held out"), "\(trained.errors)")
        let metadata = try Safetensors(path: workplace.path("out.safetensors")).metadata
        #expect(metadata["held_out"] == "0.2 seed 5 count 4" && metadata["classes"] == #"["dark","light"]"#)
        let evaluate = ["evaluate", "net.braid", "--weights", "out.safetensors", "--data", "folder:photos"]
        let record = try workplace.run(evaluate + ["--json"]).json()
        let history = try JSONSerialization.jsonObject(with: workplace.bytes("out.history.json")) as? [String: Any]
        let last = (history?["epochs"] as? [[String: Any]])?.last
        let losses = [record["loss"], last?["held_out_loss"]].compactMap { $0 as? Double }
        #expect(record["count"] as? Int == 4 && losses.count == 2 && abs(losses[0] - losses[1]) < 1e-6, "\(losses)")
        // Another share may hold what was learned from.
        let other = try workplace.run(evaluate + ["--held-out", "0.5"])
        #expect(
            other.status == 0 && other.errors.contains("warning: the training held out a share of 0.2 with the seed 5"), "\(other.errors)")
        #expect(other.output.contains("10 held-out pictures") && other.output.contains("light"))
        #expect(try workplace.run(evaluate + ["--held-out", "0.2"]).errors.isEmpty)
        // A resumed training must hold out the same.
        let resume = try workplace.run(train + ["--held-out", "0.3", "--resume", "out.checkpoint.safetensors"])
        #expect(resume.status == 1 && resume.errors.contains("give --data folder:photos --held-out 0.2"), "\(resume.errors)")
        #expect(try workplace.run(train + ["--held-out", "0.2", "--resume", "out.checkpoint.safetensors"]).status == 0)
        // Other data have other pictures to hold out.
        try write(Image(width: 8, height: 8, channels: 1).encodedPNG(), to: "photos/dark/10.png")
        for index in 10..<14 { try write(Image(width: 8, height: 8, channels: 1).encodedPNG(), to: "photos/light/\(index).png") }
        let changed = try workplace.run(evaluate)
        #expect(
            changed.status == 1 && changed.errors.contains("the training held out 4 pictures, but of folder:photos that share is 5"),
            "\(changed.errors)")
        // One picture of a class that was never trained.
        try write(Image(width: 8, height: 8, channels: 1).encodedPNG(), to: "test/val/pink/1.png")
        let unknown = try workplace.run("evaluate", "net.braid", "--weights", "out.safetensors", "--data", "folder:test")
        #expect(unknown.status == 1 && unknown.errors.contains("test/val/pink: the class is not among those that were trained"))
        for share in ["0", "1", "-0.1", "nan", "2"] {
            let result = try workplace.run(train + ["--held-out", share])
            #expect(result.status == 2 && result.errors.contains("--held-out takes a share between 0 and 1"), "\(share): \(result.errors)")
        }
    }

    @Test func describes() throws {
        try writePictures()
        let text = try workplace.run("data", "describe", "folder:photos", "--skip-broken")
        #expect(text.status == 0 && text.errors.contains("warning: 1 of the 9 held-out pictures"), "\(text.errors)")
        for part in ["2 classes", "training  8 pictures of 1 x 8 x 8", "normalize mean: 0.4765, std: 0.3922", "dark          4         4"] {
            #expect(text.output.contains(part), "\(part): \(text.output)")
        }
        let record = try workplace.run("data", "describe", "folder:photos", "--json")
        #expect(record.status == 1)
        let training = try #require(try record.json()["training"] as? [String: Any])
        #expect(training["class_counts"] as? [Int] == [4, 4] && (training["broken"] as? [String])?.count == 1)
        #expect(try record.json()["held_out"] != nil)
    }

    /// What is drawn is what the training meets: here moved by a pixel at most, in an order of its own every epoch.
    @Test func showsWhatTrainingSees() throws {
        try workplace.writeTinyTraining()
        let show = ["data", "show", "mnist:data", "--for", "tiny.braid", "--count", "6", "--columns", "3", "-o"]
        for (name, options) in [("a", []), ("b", []), ("c", ["--epoch", "2"]), ("d", ["--seed", "7"]), ("e", ["--index", "3"])] {
            let result = try workplace.run(show + ["\(name).png"] + options)
            #expect(result.status == 0 && result.output.contains("wrote \(name).png: 6 pictures from"), "\(result.errors)")
        }
        let first = try workplace.bytes("a.png")
        #expect(try workplace.bytes("b.png") == first)
        for name in ["c", "d", "e"] { #expect(try workplace.bytes("\(name).png") != first) }
        let (sheet, later) = (try Image(path: workplace.path("a.png")), try Image(path: workplace.path("e.png")))
        #expect(sheet.width == 3 * 58 && sheet.height == 2 * 68)
        #expect(sheet.cropped(x: 0, y: 68, width: 174, height: 68) == later.cropped(x: 0, y: 0, width: 174, height: 68))
        // Held-out pictures are in their order and as they are.
        let heldOut = try workplace.run(show + ["f.png", "--part", "held-out"])
        #expect(heldOut.output.contains("of class 0 1 2 3 4 5"), "\(heldOut.output)")
        #expect(try workplace.run("data", "show", "mnist:data", "--part", "held-out", "--index", "0", "-o", "one.png").status == 0)
        let (drawn, one) = (try Image(path: workplace.path("f.png")), try Image(path: workplace.path("one.png")))
        #expect(one.width == 28 && (0..<28).allSatisfy { y in (0..<28).allSatisfy { drawn[2 * $0, 2 * y] == one[$0, y] } })
        let beyond = try workplace.run(show + ["g.png", "--index", "480"])
        #expect(beyond.status == 1 && beyond.errors.contains("there is no picture 480"), "\(beyond.errors)")
        try workplace.write("network n { input x: f32[N, 8]\n output y = x |> relu }\n", to: "flat.braid")
        let flat = try workplace.run("data", "show", "mnist:data", "--for", "flat.braid")
        #expect(flat.status == 1 && flat.errors.contains("'n' does not take pictures"), "\(flat.errors)")
        try workplace.write("network n { input x: f32[N, 1, 28, 28]\n output y = x |> relu }\n", to: "untrained.braid")
        let untrained = try workplace.run("data", "show", "mnist:data", "--for", "untrained.braid")
        #expect(untrained.status == 1 && untrained.errors.contains("'n' has no training"), "\(untrained.errors)")
    }

    private func writeTraining(_ augmentations: String, _ extents: String = "1, 28, 28") throws {
        try workplace.write(
            """
            network n {
                input image: f32[N, \(extents)]
                output logits = image |> flatten |> fc: linear(10)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd
                schedule constant(0.1)
                augment \(augmentations)
                batch 16
            }

            """, to: "augmented.braid")
    }

    /// Mixed pictures have a line a class below them; a label of one class cannot be trained with them.
    @Test func showsMixedPictures() throws {
        try workplace.writeTinyTraining()
        let show = ["data", "show", "mnist:data", "--for", "augmented.braid", "--count", "16", "--columns", "8", "-o"]
        for (list, height) in [("rotation(20), cutout(6)", 68), ("flip, cutmix", 76)] {
            try writeTraining(list)
            let result = try workplace.run(show + ["sheet.png"])
            #expect(result.status == 0, "\(result.errors)")
            let sheet = try Image(path: workplace.path("sheet.png"))
            #expect(sheet.width == 8 * 58 && sheet.height == 2 * height, "\(list) \(sheet.height)")
        }
        let train = try workplace.run("train", "augmented.braid", "--data", "mnist:data", "--epochs", "1")
        #expect(
            train.status == 1
                && train.errors.contains(
                    "`cutmix` mixes classes, and the label 'label' is of one class a picture")
                && train.errors.contains("declare it as f32[N, 10]"),
            "\(train.errors)")
        // Whether there are colours is only known here.
        try writeTraining("grayscale", "C, 28, 28")
        for command in [["data", "show", "mnist:data", "-o", "gray.png", "--for"], ["data", "bench", "mnist:data", "--for"]] {
            let result = try workplace.run(command + ["augmented.braid", "-D", "C=1"])
            #expect(result.status == 1 && result.errors.contains("changes colours, but the pictures have 1 channel"), "\(result.errors)")
        }
    }

    @Test func measuresLoading() throws {
        try workplace.writeTinyTraining()
        let text = try workplace.run("data", "bench", "mnist:data", "--seconds", "0.1")
        #expect(text.status == 0 && text.output.contains("mnist:data: 480 pictures of 1 x 28 x 28"), "\(text.errors)")
        #expect(text.output.contains("pictures/s in batches of 64, "), "\(text.output)")
        let record = try workplace.run("data", "bench", "mnist:data", "--for", "tiny.braid", "--seconds", "0", "--json").json()
        let rate = try #require(record["images_per_second"] as? Double)
        #expect(record["batch"] as? Int == 16 && record["count"] as? Int == 480 && record["extents"] as? [Int] == [1, 28, 28])
        #expect(rate > 0 && (record["batches"] as? Int ?? 0) >= 1 && abs((record["bytes_per_second"] as? Double ?? 0) / rate - 3136) < 1e-6)
        let train = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "--json").json()
        #expect((train["loader_images_per_second"] as? Double ?? 0) > 0 && train["waited_seconds"] is Double)
    }
}
