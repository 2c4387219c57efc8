"""A document with every kind of licence data that can be taken out of one."""

from tests.signing.makers import NS, licence_files

TAG_LIST, TAG_FILE = "Doc_0/Tags/CustomTags.xml", "Doc_0/Tags/Tag_Licence.xml"
PAGE = "Doc_0/Pages/Page_0/Content.xml"
ATTACHMENTS = "Doc_0/Attachs/Attachments.xml"


def rich_files() -> dict[str, bytes]:
    """The licence of `makers` with custom data, a tag file and text on page and template."""
    files = licence_files()
    data = (
        '<ofd:CustomDatas><ofd:CustomData Name="证照编号">TEST-2026-000001</ofd:CustomData>'
        '<ofd:CustomData Name="空"/></ofd:CustomDatas></ofd:DocInfo>'
    )
    files["OFD.xml"] = files["OFD.xml"].replace(b"</ofd:DocInfo>", data.encode())
    files["Doc_0/Document.xml"] = files["Doc_0/Document.xml"].replace(
        b"<ofd:Attachments>",
        b"<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags><ofd:Attachments>",
    )
    files[TAG_LIST] = (
        f'<ofd:CustomTags {NS}><ofd:CustomTag TypeID="licence" NameSpace="http://example.test/l">'
        "<ofd:FileLoc>Tag_Licence.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>"
    ).encode()
    files[TAG_FILE] = (
        f'<l:Licence xmlns:l="http://example.test/l" {NS}>'
        '<l:有效期><ofd:ObjectRef PageRef="1">20</ofd:ObjectRef></l:有效期>'
        '<l:机关><l:名称><ofd:ObjectRef PageRef="1">30</ofd:ObjectRef>'
        '<ofd:ObjectRef PageRef="1">20</ofd:ObjectRef></l:名称></l:机关>'
        '<l:无><ofd:ObjectRef PageRef="9">20</ofd:ObjectRef></l:无></l:Licence>'
    ).encode()
    files[PAGE] = files[PAGE].replace(
        b"<ofd:Content>", b'<ofd:Template TemplateID="2"/><ofd:Content>'
    )
    files["Doc_0/Tpls/Tpl_0/Content.xml"] = (
        f'<ofd:Page {NS}><ofd:Content><ofd:Layer><ofd:TextObject ID="30"><ofd:TextCode>审批'
        "</ofd:TextCode><ofd:TextCode>局</ofd:TextCode></ofd:TextObject></ofd:Layer>"
        "</ofd:Content></ofd:Page>"
    ).encode()
    return files
