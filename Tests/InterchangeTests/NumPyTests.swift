import Foundation
import Graph
import Interchange
import Testing

@Suite struct NumPyTests {
    @Test func readsReferenceFiles() throws {
        func read(_ text: String) throws -> HostTensor { try NumPy.read(data: Data(reference: text), path: "reference.npy") }
        #expect(try read(Reference.npyFloat32) == HostTensor(shape: [2, 3], floats: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]))
        #expect(try read(Reference.npyFortran) == HostTensor(shape: [2, 3, 4], doubles: (0..<24).map(Double.init)))
        #expect(try read(Reference.npyInt64) == HostTensor(shape: [3], int64s: [1, -2, 1 << 40]))
        #expect(try read(Reference.npyScalar) == HostTensor(shape: [], floats: [2.5]))
        #expect(try read(Reference.npyUInt8) == HostTensor(element: .u8, shape: [1, 2], bytes: [0, 255]))
        #expect(try read(Reference.npyEmpty) == HostTensor(shape: [0, 3], floats: []))
        #expect(try read(Reference.npyBigEndian) == HostTensor(shape: [2, 3], floats: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]))
    }

    /// What `numpy.load` makes of files in many spellings, see Cases/numpy_files.py.
    private struct Spellings: Decodable {
        var types: [String: String]
        var files: [String: [String]]

        static func read() throws -> Spellings {
            let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Cases/numpy_files.json")
            return try JSONDecoder().decode(Spellings.self, from: Data(contentsOf: path))
        }
    }

    @Test func readsTypesInEverySpelling() throws {
        let types = try Spellings.read().types
        #expect(types.count > 150)
        for (spelled, canonical) in types {
            let element = try #require(
                StoredElement.allCases.first {
                    $0.numpyName?.last == canonical.last && $0.numpyName?.dropFirst().first == canonical.dropFirst().first
                })
            let bytes = (1...UInt8(2 * element.size)).map { element == .bool ? $0 % 2 : $0 }
            let header = "{'descr': '\(spelled)', 'fortran_order': False, 'shape': (2,), }"
            let data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]) + Data(header.utf8) + Data(bytes)
            let expected =
                canonical.hasPrefix(">") ? Array(bytes[..<element.size].reversed() + bytes[element.size...].reversed()) : bytes
            #expect(try NumPy.read(data: data, path: spelled) == HostTensor(element: element, shape: [2], bytes: expected), "\(spelled)")
        }
    }

    @Test func readsFilesOfOtherWriters() throws {
        let files = try Spellings.read().files
        #expect(files.count > 20)
        for (name, pair) in files {
            let tensor = try NumPy.read(data: Data(reference: pair[0]), path: name)
            #expect(NumPy.encode(tensor) == [UInt8](Data(reference: pair[1])), "\(name)")
        }
        let booleans = try NumPy.read(data: Data(reference: try #require(files["bool with other bytes"])[0]), path: "booleans")
        #expect(booleans.floats == [0, 1, 0, 1, 1, 0] && booleans.integers == [0, 1, 0, 1, 1, 0])
    }

    @Test func writesAsNumPyDoes() throws {
        func check(_ tensor: HostTensor, _ text: String) { #expect(NumPy.encode(tensor) == [UInt8](Data(reference: text))) }
        check(HostTensor(shape: [2, 3], floats: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]), Reference.npyFloat32)
        check(HostTensor(shape: [3], int64s: [1, -2, 1 << 40]), Reference.npyInt64)
        check(HostTensor(shape: [], floats: [2.5]), Reference.npyScalar)
        let folder = TemporaryFolder()
        let brain = HostTensor(element: .bf16, shape: [1], bytes: [0x80, 0x3f])
        try NumPy.write(brain, to: folder("x.npy"))
        #expect(try NumPy.read(folder("x.npy")) == HostTensor(shape: [1], floats: [1]))
    }

    @Test(arguments: StoredElement.allCases) func roundTrips(element: StoredElement) throws {
        if element.numpyName == nil { return }
        let tensor = HostTensor(element: element, shape: [3], bytes: (0..<UInt8(3 * element.size)).map { $0 })
        #expect(try NumPy.read(data: Data(NumPy.encode(tensor)), path: "") == tensor)
    }

    @Test(arguments: [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "does not fit the 8 bytes"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "does not fit the 8 bytes"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "something else than numbers"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", "no 'False' here"),
        ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }", "the element type a record is not known"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "the element type '|O' is not known"),
        ("{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (1,), }", "the element type a record is not known"),
        ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "convert it first: numpy.save(path, array.astype('<f4'))"),
        ("{'descr': '<float32', 'fortran_order': False, 'shape': (2,), }", "the element type '<float32' is not known"),
        ("{'descr': '', 'fortran_order': False, 'shape': (2,), }", "the element type '' is not known"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2LL,), }", "no ')' here"),
        ("{'descr': '<f4', 'shape': (2,), }", "lacks one of"),
        ("{'descr': '<f4", "does not end"),
        ("{'colour': 1}", "'colour' is not a key"),
        ("", "no '{' here"),
    ])
    func refuses(header: String, message: String) {
        let start = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0])
        let data = start + Data(header.utf8) + Data(count: 8)
        checkFailure(message) { _ = try NumPy.read(data: data, path: "bad.npy") }
    }

    @Test func survivesDamage() {
        for text in [Reference.npyFloat32, Reference.npyFortran, Reference.npyInt64, Reference.npyBigEndian] {
            let refused = checkSurvivesDamage(Data(reference: text)) { _ = try NumPy.read(data: $0, path: "damaged").floats }
            #expect(refused > 200)
        }
    }
}
