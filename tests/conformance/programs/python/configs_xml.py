import configparser
import tomllib
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

config = configparser.ConfigParser()
config.read_string("[server]\nhost = localhost\nport=80\n[paths]\nhome: /h\nlog=%(home)s/log\n")
print(config.sections(), config["server"].getint("port"), config["paths"]["log"], config.get("server", "x", fallback="none"))
print(tomllib.loads('title = "T"\n[a.b]\nlist = [1, 2.5, "x"]\nwhen = 2024-01-01T00:00:00Z\n'))
root = ET.fromstring("<shop><item id='1'>Tea</item><item id='2'>Bun &amp; jam</item></shop>")
print([(item.get("id"), item.text) for item in root.iter("item")], root.find("item[@id='2']").text)
new = ET.SubElement(root, "item", id="3")
new.text = "<Pie>"
print(ET.tostring(root, encoding="unicode"))


class Links(HTMLParser):
    def handle_starttag(self, tag, attrs):
        print(tag, dict(attrs), self.getpos())


Links().feed('<p>\n<a href="x" class=y>go</a><br/>')
try:
    ET.fromstring("<a><b></a>")
except ET.ParseError as error:
    print(error)
