import Foundation
import Testing

@testable import Interchange

/// Files of PyTorch that would run something, or take all time or memory: each is refused with a message, and nothing else happens.
@Suite struct HostilePickleTests {
    /// A pickle, written by hand: parts one after the other.
    private static func pickle(_ parts: [UInt8]...) -> [UInt8] { [0x80, 2] + parts.flatMap(\.self) }

    private static func text(_ text: String) -> [UInt8] { [UInt8(ascii: "X")] + number(text.utf8.count, 4) + Array(text.utf8) }
    private static func name(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
    private static func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    private static func integer(_ value: Int) -> [UInt8] { [0x8a, 8] + number(value, 8) }
    private static func tuple(_ elements: [UInt8]...) -> [UInt8] { opcode("(") + elements.flatMap(\.self) + opcode("t") }
    private static func opcode(_ letters: String) -> [UInt8] { Array(letters.utf8) }

    /// A tensor of the storage "0", which has 4 elements of f32.
    private static func tensor(
        _ shape: [Int], _ strides: [Int], offset: Int = 0, storage: [UInt8]? = nil, count: Int = 4, bits: [UInt8] = []
    ) -> [UInt8] {
        let storage = storage ?? tuple(text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), integer(count)) + opcode("Q")
        func integers(_ values: [Int]) -> [UInt8] { opcode("(") + values.flatMap(integer) + opcode("t") }
        return name("torch._utils", "_rebuild_tensor_v2")
            + tuple(storage, integer(offset), integers(shape), integers(strides), [0x89], opcode("}"), bits) + opcode("R")
    }

    /// A dictionary with one tensor.
    private static func dictionary(_ value: [UInt8]) -> [UInt8] { opcode("}") + text("w") + value + opcode("s.") }

    /// An archive of PyTorch around a pickle, with the storage "0" of 16 bytes.
    private static func archive(_ pickle: [UInt8]) throws -> Data {
        let entries = [
            ZipArchiveWriter.Entry(name: "x/data.pkl") { pickle },
            ZipArchiveWriter.Entry(name: "x/data/0") { [UInt8](repeating: 0, count: 16) },
        ]
        return Data(try ZipArchiveWriter.encode(entries))
    }

    /// What is wrong, as it is told; each is refused.
    private static let cases: [(title: String, pickle: [UInt8], message: String)] = [
        (
            "os.system", pickle(name("os", "system"), tuple(text("touch owned")), opcode("R.")),
            "byte 2: it asks Python for os.system, which tensors do not need; nothing of a file is ever run; load it nowhere"
        ),
        (
            "posix.system, as Python spells it", pickle(name("posix", "system"), tuple(text("id")), opcode("R.")),
            "it asks Python for posix.system"
        ),
        ("nt.system", pickle(name("nt", "system"), tuple(text("id")), opcode("R.")), "it asks Python for nt.system"),
        ("eval", pickle(name("builtins", "eval"), tuple(text("1")), opcode("R.")), "it asks Python for builtins.eval"),
        ("exec of Python 2", pickle(name("__builtin__", "exec"), tuple(text("1")), opcode("R.")), "it asks Python for __builtin__.exec"),
        ("subprocess", pickle(name("subprocess", "Popen"), tuple(text("id")), opcode("R.")), "it asks Python for subprocess.Popen"),
        ("getattr", pickle(name("builtins", "getattr"), opcode(")R.")), "it asks Python for builtins.getattr"),
        ("import", pickle(name("importlib", "import_module"), opcode(")R.")), "it asks Python for importlib.import_module"),
        ("a nested pickle", pickle(name("pickle", "loads"), tuple(text("x")), opcode("R.")), "it asks Python for pickle.loads"),
        (
            "bytes that torch loads", pickle(name("torch.storage", "_load_from_bytes"), tuple(text("x")), opcode("R.")),
            "it asks Python for torch.storage._load_from_bytes"
        ),
        ("by names on the stack", pickle(text("os"), text("system"), [0x93], opcode(".")), "it asks Python for os.system"),
        ("a dotted name", pickle(text("torch"), text("os.system"), [0x93], opcode(".")), "it asks Python for torch.os.system"),
        ("protocol 0's objects", Array("(S'id'\nios\nsystem\n.".utf8), "it asks Python for os.system"),
        (
            "an object of a class", pickle(opcode("("), name("torch", "Size"), opcode("o.")),
            "it makes an object of a Python class, which is not read"
        ),
        ("a class with keywords", pickle(name("torch", "Size"), opcode(")}"), [0x92], opcode(".")), "it makes an object of a Python class"),
        ("the registry of extensions", pickle([0x82, 1], opcode(".")), "it names an object by a number of Python's extension registry"),
        ("another file", Array("Pelsewhere\n.".utf8), "it refers to something outside of the file, which is not read"),
        ("a buffer outside", pickle([0x97], opcode(".")), "it refers to something outside of the file"),
        (
            "within a tensor's hooks",
            pickle(name("torch._utils", "_rebuild_tensor_v2"), opcode("("), name("os", "system"), opcode(")Rt.")),
            "it asks Python for os.system"
        ),
        (
            "through a class of tensors",
            pickle(
                name("torch._tensor", "_rebuild_from_type_v2"),
                tuple(name("torch._tensor", "_rebuild_from_type_v2"), name("torch", "Tensor"), opcode(")"), opcode("}")), opcode("R.")),
            "the pickle makes a tensor of a class of other arguments than PyTorch"
        ),
        ("an escape code", pickle(name("o\u{1B}[2Js", "system"), opcode(".")), "it asks Python for o"),
        ("a call of a text", pickle(text("x"), opcode(")R.")), "the pickle calls a text, not a function with arguments"),
        ("a call of a type", pickle(name("torch", "FloatStorage"), opcode(")R.")), "the pickle calls a type of elements"),
        ("attributes of a number", pickle(opcode("K\u{1}}b.")), "the pickle gives attributes to a number"),
        ("a module with its source", pickle(tuple(text("module"), text("x")), opcode("Q.")), "it holds a whole model with its source code"),
        (
            "a huge memo", pickle(opcode("}r"), [0xff, 0xff, 0xff, 0xff], opcode("j"), [0xfe, 0xff, 0xff, 0xff], opcode(".")),
            "refers to its value 4294967294, which is not there"
        ),
        ("a huge text", pickle([0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], opcode(".")), "the pickle ends too early"),
        ("a huge number", pickle([0x8b, 0xff, 0xff, 0xff, 0xff], opcode(".")), "the pickle ends too early"),
        ("cut off", pickle(opcode("}"), text("w")), "the pickle ends too early"),
        ("nothing", pickle(opcode(".")), "the pickle takes a value where there is none"),
        ("no mark", pickle(opcode("}t.")), "the pickle takes values up to a mark that is not there"),
        ("below the mark", pickle(opcode("}(s.")), "the pickle takes a value where there is none"),
        ("keys of a list", pickle(opcode("]NNs.")), "the pickle puts keys into a list"),
        ("a key without a value", pickle(opcode("}(Nu.")), "the pickle has a key without a value"),
        ("an unknown opcode", pickle([0xff], opcode(".")), "the byte 0xff is no opcode of a pickle"),
        ("protocol 9", [0x80, 9, UInt8(ascii: ".")], "version 9 of the pickle protocol is not known"),
        ("a dictionary of itself", pickle(opcode("}q\u{0}"), text("model"), opcode("h\u{0}s.")), "the file holds no tensors by name"),
        ("a list of itself", pickle(opcode("]q\u{0}h\u{0}a.")), "the file holds a list"),
        (
            "a negated view", pickle(dictionary(tensor([2], [1], bits: opcode("}") + text("neg") + [0x88] + opcode("s")))),
            "a tensor is a negated or conjugated view of other values"
        ),
        (
            "extents that overflow", pickle(dictionary(tensor([1 << 40, 1 << 40], [0, 0]))),
            "reaches out of its storage of 4 elements"
        ),
        ("a negative extent", pickle(dictionary(tensor([-1], [1]))), "a tensor [-1] has a negative offset, extent or stride"),
        ("a negative stride", pickle(dictionary(tensor([2], [-1], offset: 3))), "has a negative offset, extent or stride"),
        (
            "a stride out of the storage", pickle(dictionary(tensor([2], [4]))),
            "with strides [4] and offset 0 reaches out of its storage of 4"
        ),
        ("a stride that overflows", pickle(dictionary(tensor([3], [Int.max / 2 + 1]))), "reaches out of its storage"),
        ("an offset out of the storage", pickle(dictionary(tensor([2], [1], offset: 3))), "and offset 3 reaches out of its storage"),
        ("memory out of nothing", pickle(dictionary(tensor([1 << 40], [0]))), "repeats the elements of its storage up to 4.0 TiB"),
        (
            "a storage of many elements", pickle(dictionary(tensor([4], [1], count: 1 << 40))),
            "should have 1099511627776 elements, and has 4"
        ),
        ("a negative storage", pickle(dictionary(tensor([0], [1], count: -1))), "a storage has no number of elements, or a negative one"),
        (
            "a storage that is not there",
            pickle(
                dictionary(
                    tensor(
                        [1], [1],
                        storage: tuple(text("storage"), name("torch", "FloatStorage"), text("../0"), text("cpu"), integer(1)) + opcode("Q"))
                )),
            "its storage \"../0\" is not in the file"
        ),
        (
            "many dimensions", pickle(dictionary(tensor([Int](repeating: 1, count: 65), [Int](repeating: 1, count: 65)))),
            "65 dimensions, more than 64"
        ),
        ("extents without strides", pickle(dictionary(tensor([1, 1], [1]))), "a tensor has 2 extents and 1 strides"),
    ]

    @Test func refusesEach() throws {
        #expect(Self.cases.count >= 20)
        for (title, pickle, message) in Self.cases {
            checkFailure(message) {
                Issue.record("\(title) is read: \(try WeightsFile(data: try Self.archive(pickle), path: "x.pth").entries)")
            }
        }
    }

    /// The message of a name is one line, without what steers a terminal.
    @Test func showsNoControlCharacters() throws {
        do {
            _ = try WeightsFile(
                data: try Self.archive(Self.pickle(Self.name("o\u{1B}[2Js", String(repeating: "x", count: 5000)))), path: "x.pth")
            Issue.record("nothing was thrown")
        } catch let error as InterchangeError {
            #expect(!error.message.contains("\u{1B}") && error.message.count < 300)
        }
    }

    /// Lists of lists of lists, each twice in the next: 2^2000 values for whoever copies them, and 2000 for whoever does not. Dictionaries,
    /// too, which are gone through; and nesting deeper than any stack.
    @Test func passesOverNestedValues() throws {
        var doubled: [UInt8] = [0x80, 2] + Self.opcode("]")
        for _ in 0..<2000 { doubled += Self.opcode("q\u{0}]h\u{0}ah\u{0}a") }
        var held: [UInt8] = [0x80, 2] + Self.opcode("}")
        for _ in 0..<2000 {
            held += Self.opcode("q\u{0}}") + Self.text("a") + Self.opcode("h\u{0}s") + Self.text("b") + Self.opcode("h\u{0}s")
        }
        let deep =
            [0x80, 2] + [UInt8](repeating: UInt8(ascii: "]"), count: 200_000) + [UInt8](repeating: UInt8(ascii: "a"), count: 199_999)
        for (pickle, message) in [(doubled, "holds a list"), (held, "holds no tensors"), (deep, "holds a list")] {
            let begin = ContinuousClock.now
            let file = try Self.archive(pickle + Self.opcode("."))
            checkFailure(message) { _ = try WeightsFile(data: file, path: "x.pth") }
            #expect(ContinuousClock.now - begin < .seconds(10))
        }
    }

    /// Every dictionary leads to the one tensor, in so many ways that nobody can go them all.
    @Test func takesATensorOnce() throws {
        var bytes = Self.pickle(Self.opcode("}"), Self.text("w"), Self.tensor([4], [1]), Self.opcode("s"))
        for _ in 0..<6 {
            bytes += Self.opcode("q\u{0}}") + Self.text("a") + Self.opcode("h\u{0}s") + Self.text("b") + Self.opcode("h\u{0}s")
        }
        let file = try WeightsFile(data: try Self.archive(bytes + Self.opcode(".")), path: "x.pth")
        #expect(file.entries.map(\.name) == ["a.a.a.a.a.a.w"])
    }

    /// Tensors without elements are read, and those whose other extents are beyond all numbers are refused as any of that size.
    @Test func readsEmptyTensors() throws {
        func file(_ shape: [Int], _ strides: [Int]) throws -> WeightsFile {
            try WeightsFile(data: try Self.archive(Self.pickle(Self.dictionary(Self.tensor(shape, strides, offset: 9)))), path: "x.pth")
        }
        let empty = try file([3, 0, 1 << 40], [0, 5, 1])
        var count = 0
        try empty.readFloats("w") { count += $0.count }
        #expect(try empty.tensor("w").bytes.isEmpty && count == 0 && empty["w"]?.count == 0)
        checkFailure("reaches out of its storage") { _ = try file([1 << 40, 1 << 40, 0], [0, 0, 1]) }
    }

    /// An offset of no elements and strides of one element mean nothing, however large they are.
    @Test func passesOverNumbersThatDoNotMatter() throws {
        for (shape, strides, offset) in [([0], [1], 1 << 62), ([0], [Int.max], Int.max), ([1, 2], [1 << 62, 0], 1), ([1], [Int.max], 3)] {
            let pickle = Self.pickle(Self.dictionary(Self.tensor(shape, strides, offset: offset)))
            let file = try WeightsFile(data: try Self.archive(pickle), path: "x.pth")
            var floats: [Float] = []
            try file.readFloats("w") { floats += $0 }
            #expect(try floats == [Float](repeating: 0, count: shape.reduce(1, *)) && file.tensor("w").floats == floats)
        }
    }

    /// What a mark takes from a deep stack is no copy of the stack.
    @Test func takesLittleFromADeepStack() throws {
        let none = [UInt8](repeating: UInt8(ascii: "N"), count: 400_000)
        let pickle = Self.pickle(none, (0..<100_000).flatMap { _ in Self.opcode("(1") }, Self.opcode("."))
        let begin = ContinuousClock.now
        let file = try Self.archive(pickle)
        checkFailure("the file holds None") { _ = try WeightsFile(data: file, path: "x.pth") }
        #expect(ContinuousClock.now - begin < .seconds(10))
    }

    /// Calls of two bytes name the same long tuple or list again and again.
    @Test func boundsWhatCallsCopy() throws {
        let none = [UInt8](repeating: UInt8(ascii: "N"), count: 100_000)
        let again = (0..<20_000).flatMap { _ in Self.opcode("h\u{0}h\u{1}R0") }
        let parameter = Self.pickle(
            Self.name("torch._utils", "_rebuild_parameter"), Self.opcode("q\u{0}0("), Self.tensor([4], [1]), none,
            Self.opcode("tq\u{1}0"), again, Self.opcode("."))
        let storage = Self.pickle(
            Self.opcode("("), Self.text("storage"), Self.name("torch", "FloatStorage"), Self.text("0"), Self.text("cpu"), none,
            Self.opcode("tQ."))
        let pairs = (0..<1000).flatMap { _ in Self.opcode("h\u{2}") }
        let dictionaries = Self.pickle(
            Self.name("collections", "OrderedDict"), Self.opcode("q\u{0}0((NNtq\u{2}0"), pairs, Self.opcode("l"), [0x85],
            Self.opcode("q\u{1}0"), again, Self.opcode("."))
        for (pickle, message) in [
            (parameter, "the pickle calls a function with 100001 arguments, more than any that PyTorch calls"),
            (storage, "the pickle refers to something else than a storage"),
            (dictionaries, "the calls of the pickle copy more than 4194304 values; save the weights alone"),
        ] {
            let file = try Self.archive(pickle)
            checkFailure(message) { _ = try WeightsFile(data: file, path: "x.pth") }
        }
        // Some dictionaries are written so.
        let pair = Self.opcode("]") + Self.tuple(Self.text("w"), Self.tensor([4], [1])) + Self.opcode("a")
        let written = Self.pickle(Self.name("collections", "OrderedDict"), Self.tuple(pair), Self.opcode("R."))
        #expect(try WeightsFile(data: try Self.archive(written), path: "x.pth").entries.map(\.name) == ["w"])
    }

    /// Any number of tensors may repeat one storage, each by no more than a tensor may.
    @Test func boundsWhatTensorsRepeatTogether() throws {
        func file(_ count: Int) throws -> WeightsFile {
            let first = Self.pickle(Self.tensor([1 << 18], [0]), Self.opcode("q\u{0}0}"))
            let tensors = (0..<count).flatMap { Self.text("w\($0)") + Self.opcode("h\u{0}s") }
            return try WeightsFile(data: try Self.archive(first + tensors + Self.opcode(".")), path: "x.pth")
        }
        #expect(try file(64).entries.count == 64)
        checkFailure("tensor \"w64\": with those before it, it repeats the elements of their storages up to 65.0 MiB") {
            _ = try file(100)
        }
    }

    /// A list of extents that grows after the tensor was checked does not make it larger.
    @Test func keepsTheExtentsThatWereChecked() throws {
        let storage =
            Self.tuple(Self.text("storage"), Self.name("torch", "FloatStorage"), Self.text("0"), Self.text("cpu"), Self.integer(4))
            + Self.opcode("Q")
        let tensor =
            Self.name("torch._utils", "_rebuild_tensor_v2")
            + Self.tuple(
                storage, Self.integer(0), Self.opcode("]q\u{5}") + Self.integer(4) + Self.opcode("a"),
                Self.opcode("]q\u{6}") + Self.integer(1) + Self.opcode("a"), [0x89], Self.opcode("}")) + Self.opcode("R")
        let growth = Self.opcode("h\u{5}") + Self.integer(1 << 16) + Self.opcode("a0h\u{6}") + Self.integer(1 << 40) + Self.opcode("a0")
        let pickle = Self.pickle(Self.opcode("}"), Self.text("w"), tensor, growth, Self.opcode("s."))
        let file = try WeightsFile(data: try Self.archive(pickle), path: "x.pth")
        #expect(try file["w"]?.shape == [4] && file.tensor("w").floats == [0, 0, 0, 0])
    }

    /// More values than any model has are refused before they take memory.
    @Test func boundsTheNumberOfValues() throws {
        let bytes = [0x80, 2] + [UInt8](repeating: UInt8(ascii: "]"), count: PyTorchPickle.mostValues + 1)
        checkFailure("the pickle has more than 4194304 values; save the weights alone") {
            _ = try WeightsFile(data: try Self.archive(bytes), path: "x.pth")
        }
    }

    @Test func refusesWhatIsNoFileOfPyTorch() throws {
        checkFailure("this is a Python pickle, but not PyTorch's") {
            _ = try WeightsFile(data: Data(Self.pickle(Self.opcode("}."))), path: "x.pkl")
        }
        checkFailure("this is a TorchScript program, not weights alone") {
            let entries = ["x/data.pkl", "x/constants.pkl"].map { ZipArchiveWriter.Entry(name: $0) { [] } }
            _ = try WeightsFile(data: Data(try ZipArchiveWriter.encode(entries)), path: "x.pt")
        }
        let tar = Data("sys_info".utf8) + Data(count: 249) + Data("ustar\0".utf8)
        checkFailure("this is a PyTorch file of before version 0.1.10, a tar archive, not weights (safetensors, .pth or .npz)") {
            _ = try WeightsFile(data: tar, path: "x.pth")
        }
        checkFailure("this is a zip archive") {
            _ = try WeightsFile(data: Data(try ZipArchiveWriter.encode([ZipArchiveWriter.Entry(name: "a") { [] }])), path: "x.zip")
        }
        // A legacy file whose last storage is cut off.
        let legacy = try PyTorchFileTests.data("state_dict_legacy.pth")
        checkFailure("a storage reaches beyond the end of the file: it is cut off") {
            _ = try WeightsFile(data: legacy.dropLast(3), path: "x")
        }
    }
}
