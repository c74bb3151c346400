import Foundation
import Testing

@testable import Interchange

@Suite struct CommaSeparatedTests {
    private func fields(_ text: String) throws -> [[String]] {
        try CommaSeparated.read(data: Data(text.utf8), path: "list.csv").map(\.fields)
    }

    /// What Python's `csv.reader(f, skipinitialspace=True)` gives, but for blanks behind fields, which it keeps.
    @Test(arguments: [
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]), ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]), ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
        ("\u{feff}a,b\n", [["a", "b"]]), ("a , b\t\n", [["a", "b"]]), ("\n\n a\n\r\n", [["a"]]), ("", []), (",\n", [["", ""]]),
        ("a,\n", [["a", ""]]),
        (#""a, ""b""","c"# + "\r\nd\" \r\nx,y", [["a, \"b\"", "c\r\nd"], ["x", "y"]]), (#"a"b,c"# + "\n", [["a\"b", "c"]]),
        ("\"\",\"x\"", [["", "x"]]), ("\"\",\"\"\n", [["", ""]]), ("ä,日本\n", [["ä", "日本"]]),
    ])
    func reads(text: String, rows: [[String]]) throws {
        #expect(try fields(text) == rows, "\(text.debugDescription)")
    }

    @Test func countsLines() throws {
        let rows = try CommaSeparated.read(data: Data("a\r\n\r\n\"b\nc\",d\ne\n".utf8), path: "list.csv")
        #expect(rows.map(\.line) == [1, 3, 5])
    }

    @Test(arguments: [
        ([0x61, 0x0a, 0xff, 0x2c], "list.csv, line 2: the text is not UTF-8; save it as comma-separated text in UTF-8"),
        ([0x61, 0x00], "line 1: there is a zero byte"), ([0xff, 0xfe, 0x61, 0x00], "the text is in UTF-16"),
        (Array("a\n\"b,\n\n".utf8), "line 2: a quote does not end; close it with \""),
        (Array("\"a\nb\"c,d".utf8), "line 2: there is something behind a quoted field"),
        ([0x22, 0xc3, 0x22], "line 1: the text is not UTF-8"),
    ])
    func refuses(bytes: [UInt8], message: String) {
        checkFailure(message) { _ = try CommaSeparated.read(data: Data(bytes), path: "list.csv") }
    }

    @Test func survivesDamage() {
        checkSurvivesDamage(Data("path,label\r\n\"a,\"\"b.jpg\",ä\n c.png , \"x\ny\"\n".utf8)) {
            _ = try CommaSeparated.read(data: $0, path: "")
        }
    }

    @Test func refusesWhatIsNoFile() {
        checkFailure("there is no such file") { _ = try CommaSeparated.read("/tmp/absent.csv") }
        checkFailure("this is a folder") { _ = try CommaSeparated.read("/tmp") }
        checkFailure("not a regular file") { _ = try CommaSeparated.read("/dev/zero") }
    }

    @Test func boundsTheNumberOfFields() throws {
        let text = Data("a,b\nc,d\n,,\n".utf8)
        #expect(try CommaSeparated.read(data: text, path: "list.csv", limits: CommaSeparated.Limits(fields: 7)).count == 3)
        checkFailure("list.csv, line 3: there are more than 6 fields; split the file") {
            _ = try CommaSeparated.read(data: text, path: "list.csv", limits: CommaSeparated.Limits(fields: 6))
        }
    }

    @Test func boundsTheNumberOfRows() throws {
        let text = Data("a,b\n\nc,d\n,,\n".utf8)
        #expect(try CommaSeparated.read(data: text, path: "list.csv", limits: CommaSeparated.Limits(rows: 3)).count == 3)
        checkFailure("list.csv, line 4: there are more than 2 rows; split the file") {
            _ = try CommaSeparated.read(data: text, path: "list.csv", limits: CommaSeparated.Limits(rows: 2))
        }
    }

    @Test func boundsTheFieldsOfARow() throws {
        let most = CommaSeparated.Limits().fieldsOfARow
        let row = String(repeating: ",", count: most - 1)
        #expect(try CommaSeparated.read(data: Data(row.utf8), path: "list.csv")[0].fields.count == most)
        checkFailure("list.csv, line 2: there are more than \(most) fields in one row; end each row with a line break") {
            _ = try CommaSeparated.read(data: Data("a,b\n\(row),".utf8), path: "list.csv")
        }
    }
}
