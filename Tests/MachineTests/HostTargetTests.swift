import LoopNest
import Testing

@testable import Machine

/// What the system and the code generator's library say of this machine.
@Suite struct HostTargetTests {
    @Test func hostIsDescribed() {
        let host = Target.host
        #expect([4, 8, 16].contains(host.lanes) && host.cores >= 1 && host.vectors.registers >= 16)
        #expect(4096..<(1 << 22) ~= host.caches.level1 && host.caches.level1 < host.caches.level2)
        #expect(host.canRun(host) && host.canRun(host.withoutTiles) && host.canRun(host.withoutDotProducts))
        // Tiles are there for schedules and for the code generator, or for neither.
        #expect((host.tiles != nil) == host.featureList.contains("amx-tile"))
    }

    /// The system's answer stays what it was: whoever asks again, such as a library beside Braid, changes nothing.
    @Test func tilesCanBeAskedForAgain() {
        #expect(TilePermission.isGranted() == TilePermission.isGranted())
        if Target.host.tiles != nil { #expect(TilePermission.isGranted()) }
    }

    @Test func linuxNamesFeaturesOfArmItsOwnWay() {
        let text = "processor\t: 0\nFeatures\t: fp asimd asimddp sve i8mm bf16\nCPU part\t: 0xd40\n"
        #expect(HostFeatures.arm(processorInformation: text) == ["dotprod", "bf16"])
        #expect(HostFeatures.arm(processorInformation: text.replacing("asimddp ", with: "").replacing(" bf16", with: " svebf16")).isEmpty)
        #expect(HostFeatures.arm(processorInformation: "").isEmpty)
    }

    @Test func modelsAreReadFromWhatLinuxSays() {
        let text = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9R14\u{1B}[2J \nflags: fpu\n"
        #expect(HostProcessor.model(processorInformation: text) == "AMD EPYC 9R14[2J")
        for none in ["", "model name", "model name\t:", "model name : \t ", "processor\t: 0\nBogoMIPS\t: 50.0\n"] {
            #expect(HostProcessor.model(processorInformation: none) == nil, "\(none)")
        }
        #expect(!HostProcessor.model.isEmpty && HostProcessor.coresOfLastCache > 0)
    }

    @Test(arguments: [
        ("0-7,64-71\n", 16), ("0", 1), ("3,5", 2), ("", nil), ("7-3", nil), ("a", nil), ("-1", nil), ("1-2-3", nil), ("1,", nil),
    ])
    func coresAreCounted(list: String, count: Int?) { #expect(HostProcessor.count(ofList: list) == count) }
}
